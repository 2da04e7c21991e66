#include "runtime/trace/trace_recorder.hpp"

#include <chrono>
#include <ctime>
#include <fmt/core.h>
#include <optional>
#include <unistd.h>

namespace syngrad {

namespace {

// Chunks pack better when they are larger; a live view wants them soon.
constexpr auto drain_pause = std::chrono::milliseconds(20);
constexpr int pauses_between_small_chunks = 10;
constexpr std::uint64_t worth_a_chunk = 4096;

std::int64_t clock_ns(clockid_t which) {
  timespec now{};
  ::clock_gettime(which, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

} // namespace

constinit thread_local trace_recorder::thread_cache trace_recorder::cached_;

trace_recorder::trace_recorder(const trace_settings& settings, trace_names names, ring_file rings, trace_writer writer)
  : settings_(settings), serial_(next_serial()), rings_(std::move(rings)), writer_(std::move(writer)),
    names_(std::move(names)) {
  batch_.reserve(most_records_a_chunk);
  thread_ = std::thread([this] { run(); });
}

result<std::unique_ptr<trace_recorder>> trace_recorder::create(const trace_settings& settings, trace_names names) {
  const auto path = settings.folder + "/" + ring_file_name(settings.node);
  auto rings = ring_file::create(path, {settings.rings, settings.node, settings.capacity, settings.run_id});
  if (!rings) return rings.failure();
  trace_file_header header;
  header.node = settings.node;
  header.sample = settings.sample;
  header.run_id = settings.run_id;
  header.monotonic_ns = clock_ns(CLOCK_MONOTONIC);
  header.realtime_ns = clock_ns(CLOCK_REALTIME);
  auto writer = trace_writer::create({settings.folder, header, settings.limit_bytes, settings.flight}, names);
  if (!writer) {
    ::unlink(path.c_str());
    return writer.failure();
  }
  return std::unique_ptr<trace_recorder>(
    new trace_recorder(settings, std::move(names), std::move(*rings), std::move(*writer)));
}

trace_recorder::~trace_recorder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

trace_ring* trace_recorder::claim_ring() {
  cached_ = {serial_, open_ring("")};
  if (cached_.ring) return cached_.ring;
  cached_.owner = 0; // asked again, and counted again, with the thread's next record
  rings_.unheard().fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

trace_ring* trace_recorder::open_ring(const std::string& name) {
  auto& rings = rings_.rings();
  for (std::size_t i = 0; i < rings.size(); ++i) {
    if (!rings[i].claim()) continue;
    const std::lock_guard lock(mutex_);
    names_.threads[{settings_.node, static_cast<std::uint16_t>(i)}] =
      name.empty() ? "thread " + std::to_string(i) : name;
    names_changed_ = true;
    return &rings[i];
  }
  return nullptr;
}

void trace_recorder::name_actor(std::uint32_t id, trace_names::actor actor) {
  const std::lock_guard lock(mutex_);
  names_.actors[id] = std::move(actor);
  names_changed_ = true;
}

void trace_recorder::add_fact(const std::string& key, const std::string& value) {
  const std::lock_guard lock(mutex_);
  names_.facts[key] = value;
  names_changed_ = true;
}

void trace_recorder::flush() {
  std::unique_lock lock(mutex_);
  const auto mine = ++flush_wanted_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return flush_done_ >= mine; });
}

// ---- the draining thread

void trace_recorder::run() {
  ::pthread_setname_np(::pthread_self(), "syngrad-trace");
  for (int round = 0;; ++round) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, drain_pause, [this] { return stopping_ || flush_wanted_ > flush_done_; });
    const bool stop = stopping_;
    const auto flushing = flush_wanted_;
    const bool everything = stop || flushing > flush_done_ || round % pauses_between_small_chunks == 0;
    const auto names = std::exchange(names_changed_, false) ? std::optional(names_) : std::nullopt;
    lock.unlock();
    if (names) write(*names);
    while (drain(everything)) {
    }
    lock.lock();
    flush_done_ = flushing;
    changed_.notify_all();
    if (stop) return;
  }
}

bool trace_recorder::drain(bool everything) {
  bool again = false;
  for (std::uint16_t i = 0; i < settings_.rings; ++i) again = drain_ring(i, everything ? 1 : worth_a_chunk) || again;
  bytes_.store(writer_.bytes(), std::memory_order_relaxed);
  return again;
}

bool trace_recorder::drain_ring(std::uint16_t number, std::uint64_t least) {
  auto& ring = rings_.rings()[number];
  const auto first = ring.tail(), last = ring.head();
  if (last - first < least) return false;
  const auto count = std::min<std::uint64_t>(last - first, most_records_a_chunk);
  batch_.clear();
  for (auto i = first; i < first + count; ++i) batch_.push_back(ring.at(i));
  bool written = false;
  if (!writer_.full()) {
    auto done = writer_.append(number, first, ring.lost(), batch_);
    written = static_cast<bool>(done);
    if (!done) {
      const std::lock_guard lock(mutex_);
      if (failure_) failure_ = done;
    }
  }
  if (!written) refused_.fetch_add(count, std::memory_order_relaxed); // a gap in the ring's numbers
  ring.consume_until(first + count);
  return last - first - count >= std::min(least, ring.capacity() / 2);
}

void trace_recorder::write(const trace_names& names) {
  const auto done = writer_.append(names);
  const std::lock_guard lock(mutex_);
  if (!done && failure_) failure_ = done;
}

status trace_recorder::close() {
  switch_on(false);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  add_last_words();
  write(names_);
  auto ended = writer_.finish(0);
  ::unlink((settings_.folder + "/" + ring_file_name(settings_.node)).c_str());
  return failure_ ? ended : failure_;
}

// What chunks cannot tell: where each ring ended, and what came too late for a chunk.
void trace_recorder::add_last_words() {
  const auto node = std::to_string(settings_.node);
  for (std::size_t i = 0; i < rings_.rings().size(); ++i) {
    const auto& ring = rings_.rings()[i];
    if (ring.head() == 0 && ring.lost() == 0) break; // claimed in their order
    const auto name = fmt::format("ring.{}.{}", node, i);
    add_fact(name + ".records", std::to_string(ring.head()));
    add_fact(name + ".lost", std::to_string(ring.lost()));
  }
  add_fact("unheard." + node, std::to_string(rings_.unheard().load(std::memory_order_relaxed)));
}

std::uint64_t trace_recorder::records() const {
  std::uint64_t sum = 0;
  for (const auto& ring : rings_.rings()) sum += ring.head();
  return sum - refused_.load(std::memory_order_relaxed);
}

std::uint64_t trace_recorder::lost() const {
  auto sum = rings_.unheard() + refused_.load(std::memory_order_relaxed);
  for (const auto& ring : rings_.rings()) sum += ring.lost();
  return sum;
}

} // namespace syngrad
