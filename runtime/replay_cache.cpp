#include "runtime/replay_cache.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>

namespace syngrad {

namespace {

// While it lasts, tensors that are made on a stream lie in a part of the pool.
class memory_scope {
public:
  memory_scope(stream& on, memory_pool& part) : on_(on) { on_.take_memory_from(&part); }
  memory_scope(const memory_scope&) = delete;
  memory_scope& operator=(const memory_scope&) = delete;
  ~memory_scope() { on_.take_memory_from(nullptr); }

private:
  stream& on_;
};

// Slots that no call has used for so many calls, times the limit, make room for others.
constexpr std::uint64_t stale_after = 8;

// Inputs that do not come again within so many others are not worth a slot.
constexpr std::size_t remembered_calls = 256;

std::uint64_t next_slot_number() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

} // namespace

struct replay_cache::key {
  struct input {
    const void* address = nullptr;
    shape extents;
    bool operator==(const input&) const = default;
  };

  bool operator==(const key&) const = default;

  const stream* on;
  name of;
  std::array<input, most_inputs> inputs{};
};

struct replay_cache::call {
  call(stream& on, name of, std::initializer_list<const tensor*> its_inputs) : what{&on, of}, inputs(its_inputs) {
    assert(inputs.size() <= most_inputs);
    auto next = what.inputs.begin();
    for (const auto* each : inputs) {
      if (*each) *next = {each->data(), each->extents()};
      ++next;
    }
  }

  key what;
  std::initializer_list<const tensor*> inputs;
};

struct replay_cache::slot {
  // Where an output lies.
  struct output_memory {
    std::ptrdiff_t input = -1; // of which input it is a part
    buffer* own = nullptr;     // or which memory of the slot it lies in
    tensor elsewhere;          // or the tensor itself, null ones among them
    std::size_t offset = 0;    // of the former two
    shape extents;
    dtype type = dtype::f32;

    output_memory(const tensor& output, const call& from, const memory_pool& slot_memory) {
      if (!output) return;
      const auto& memory = output.memory();
      const auto is_part = [&](const tensor* each) { return each->memory().get() == memory.get(); };
      const auto found = std::find_if(from.inputs.begin(), from.inputs.end(), is_part);
      if (found != from.inputs.end())
        input = found - from.inputs.begin();
      else if (&memory->pool() == &slot_memory)
        own = memory.get();
      else
        elsewhere = output;
      offset = output.offset_bytes();
      extents = output.extents();
      type = output.type();
    }

    bool is_at(const output_memory& other) const {
      return input == other.input && own == other.own && offset == other.offset &&
             elsewhere.memory().get() == other.elsewhere.memory().get();
    }

    // `taken`: outputs before this one, which may lie in the same memory.
    tensor tensor_for(const call& now, memory_pool& slot_memory, stream& on, std::span<tensor* const> taken) const {
      if (input >= 0) return {now.inputs.begin()[input]->memory(), offset, extents, type};
      if (!own) return elsewhere;
      for (const auto* each : taken)
        if (each->memory().get() == own) return {each->memory(), offset, extents, type};
      return {slot_memory.hand_out(*own, on), offset, extents, type};
    }
  };

  slot(stream& on, const key& calls) : of(calls), whole(on.owner().memory()), memory(whole.make_part(on)) {}
  slot(const slot&) = delete;
  slot& operator=(const slot&) = delete;
  ~slot() { whole.drop_part(memory); }

  bool is_free() const { return memory.counters().in_use == 0; }

  // Notes where `outputs` lie; their memory is in the same order each time, so that is where they lay before.
  void note(std::span<tensor* const> written, const call& from) {
    std::vector<output_memory> found;
    for (const auto* each : written) found.emplace_back(*each, from, memory);
    const auto same = [](const output_memory& a, const output_memory& b) { return a.is_at(b); };
    if (!outputs.empty() && !std::equal(found.begin(), found.end(), outputs.begin(), outputs.end(), same))
      number = next_slot_number();
    outputs = std::move(found);
  }

  std::uint64_t number = next_slot_number();
  std::uint64_t last_used = 0;
  key of;
  memory_pool& whole;
  memory_pool& memory; // a part of it
  std::vector<output_memory> outputs;
  std::unique_ptr<recorded_work> work;
};

replay_cache::replay_cache(std::size_t limit) : limit_(limit) {}
replay_cache::~replay_cache() = default;

std::uint64_t replay_cache::run(stream& on, name of, std::initializer_list<const tensor*> inputs,
                                std::span<tensor* const> outputs, const std::function<void()>& work) {
  for (auto* each : outputs) *each = {}; // what they held may be what is needed
  if (!on.owner().records_work()) {
    work();
    return 0;
  }
  ++now_;
  const call asked(on, of, inputs);
  auto* found = find_slot(on, asked.what);
  const bool is_new = !found;
  if (is_new && was_made_lately(asked.what)) found = make_slot(on, asked.what);
  if (!found) {
    ++counters_.plain_runs;
    work();
    return 0;
  }
  found->last_used = now_;
  if (is_new) {
    ++counters_.plain_runs;
    const memory_scope in_slot(on, found->memory);
    work();
    found->note(outputs, asked);
    return found->number;
  }
  if (found->work) {
    for (std::size_t i = 0; i < outputs.size(); ++i)
      *outputs[i] = found->outputs[i].tensor_for(asked, found->memory, on, outputs.first(i));
  } else {
    const memory_scope in_slot(on, found->memory);
    found->work = on.owner().record_work(on, work);
    found->note(outputs, asked);
    ++counters_.recordings;
  }
  found->work->replay(on);
  ++counters_.replays;
  return found->number;
}

// Notes it, too.
bool replay_cache::was_made_lately(const key& wanted) {
  if (std::find(lately_.begin(), lately_.end(), wanted) != lately_.end()) return true;
  if (lately_.size() < remembered_calls) {
    lately_.push_back(wanted);
  } else {
    lately_[next_] = wanted;
    next_ = (next_ + 1) % remembered_calls;
  }
  return false;
}

// A slot of calls like this one whose memory has come back, in order.
replay_cache::slot* replay_cache::find_slot(stream& on, const key& wanted) {
  for (const auto& each : slots_)
    if (each->of == wanted && each->is_free() && each->memory.settle(on)) return each.get();
  return nullptr;
}

replay_cache::slot* replay_cache::make_slot(stream& on, const key& wanted) {
  if (slots_.size() >= limit_ && !drop_stale_slot()) return nullptr;
  slots_.push_back(std::make_unique<slot>(on, wanted));
  counters_.slots = slots_.size();
  return slots_.back().get();
}

bool replay_cache::drop_stale_slot() {
  const auto oldest = std::min_element(slots_.begin(), slots_.end(),
                                       [](const auto& a, const auto& b) { return a->last_used < b->last_used; });
  if (oldest == slots_.end() || now_ - (*oldest)->last_used < stale_after * limit_ || !(*oldest)->is_free())
    return false;
  slots_.erase(oldest);
  return true;
}

} // namespace syngrad
