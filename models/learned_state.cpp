#include "models/learned_state.hpp"

#include "runtime/device.hpp"
#include "runtime/operators.hpp"

#include <bit>
#include <cstring>
#include <fmt/core.h>
#include <iterator>
#include <string>
#include <utility>

namespace syngrad {

namespace {

static_assert(std::endian::native == std::endian::little, "states are written as they lie in memory");

constexpr char magic[4] = {'S', 'G', 'S', '1'};

class state_writer {
public:
  explicit state_writer(std::size_t bytes) : out_(bytes) {}

  void put(const void* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(out_.data() + at_, from, bytes);
    at_ += bytes;
  }
  template <class T>
  void put(const T& value) {
    put(&value, sizeof value);
  }
  std::vector<std::byte> take() { return std::move(out_); }

private:
  std::vector<std::byte> out_;
  std::size_t at_ = 0;
};

class state_reader {
public:
  explicit state_reader(std::span<const std::byte> bytes) : left_(bytes) {}

  // Null where there are fewer.
  const std::byte* take(std::size_t bytes) {
    if (bytes > left_.size()) return nullptr;
    const auto* out = left_.data();
    left_ = left_.subspan(bytes);
    return out;
  }
  template <class T>
  bool read(T& out) {
    const auto* bytes = take(sizeof out);
    if (bytes) std::memcpy(&out, bytes, sizeof out);
    return bytes != nullptr;
  }
  bool at_end() const { return left_.empty(); }

private:
  std::span<const std::byte> left_;
};

} // namespace

void learned_state::add(const tensor& each) {
  if (each) tensors.push_back(each);
}

void learned_state::add(learned_state more) {
  std::move(more.tensors.begin(), more.tensors.end(), std::back_inserter(tensors));
  counters.insert(counters.end(), more.counters.begin(), more.counters.end());
  std::move(more.when_written.begin(), more.when_written.end(), std::back_inserter(when_written));
}

std::vector<std::byte> write_state(stream& s, const learned_state& state) {
  std::vector<tensor> here;
  for (const auto& each : state.tensors) here.push_back(brought_to_host(s, each));
  s.owner().synchronize();
  std::size_t size = sizeof magic + 2 * sizeof(std::uint32_t) + state.counters.size() * sizeof(std::int64_t);
  for (const auto& each : here) size += sizeof(std::uint64_t) + each.bytes();
  state_writer out(size);
  out.put(magic);
  out.put(static_cast<std::uint32_t>(state.counters.size()));
  out.put(static_cast<std::uint32_t>(here.size()));
  for (const auto* each : state.counters) out.put(*each);
  for (const auto& each : here) {
    out.put(std::uint64_t{each.bytes()});
    out.put(each.data(), each.bytes());
  }
  return out.take();
}

status read_state(stream& s, const learned_state& state, std::span<const std::byte> bytes) {
  state_reader reader(bytes);
  char begins[4];
  std::uint32_t counters = 0, tensors = 0;
  if (!reader.read(begins) || std::memcmp(begins, magic, sizeof magic) != 0)
    return error::data("these bytes are no state of a group");
  if (!reader.read(counters) || !reader.read(tensors) || counters != state.counters.size() ||
      tensors != state.tensors.size())
    return error::data("the state is of another model, optimizer or predictor");
  std::vector<std::int64_t> values(counters);
  for (auto& each : values)
    if (!reader.read(each)) return error::data("the state ends too early");
  std::vector<const std::byte*> contents;
  for (std::size_t i = 0; i < state.tensors.size(); ++i) {
    std::uint64_t size = 0;
    if (!reader.read(size)) return error::data("the state ends too early");
    if (size != state.tensors[i].bytes())
      return error::data(fmt::format("the state is of another model: tensor {} has {} bytes, not {}", i, size,
                                     state.tensors[i].bytes()));
    contents.push_back(reader.take(size));
    if (!contents.back()) return error::data("the state ends too early");
  }
  if (!reader.at_end()) return error::data("the state is longer than the model's");
  for (std::size_t i = 0; i < values.size(); ++i) *state.counters[i] = values[i];
  for (std::size_t i = 0; i < contents.size(); ++i) {
    auto target = state.tensors[i];
    s.ops().upload(s, contents[i], target);
  }
  for (const auto& each : state.when_written) each();
  return ok();
}

} // namespace syngrad
