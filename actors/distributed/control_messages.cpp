#include "actors/distributed/control_messages.hpp"

#include "actors/links/byte_codec.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/core.h>
#include <type_traits>

namespace syngrad {

namespace {

constexpr std::size_t longest_text = std::size_t{1} << 16;
constexpr std::size_t longest_list = std::size_t{1} << 16;

// Both directions of one order of fields.
class field_writer {
public:
  explicit field_writer(std::vector<char>& out) : bytes_(out), out_(out) {}

  template <class... Fields>
  void operator()(const Fields&... each) {
    (put(each), ...);
  }
  void rest(const std::vector<char>& bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  template <class Element, class Each>
  void list(const std::vector<Element>& elements, Each each) {
    out_.put(static_cast<std::uint32_t>(elements.size()));
    for (const auto& element : elements) each(element);
  }

private:
  template <class Number>
  requires std::is_arithmetic_v<Number>
  void put(const Number& value) { out_.put(value); }
  void put(const bool& value) { out_.put(static_cast<std::uint8_t>(value)); }
  void put(const dtype& kind) { out_.put(static_cast<std::uint8_t>(kind)); }
  void put(const std::string& text) { out_.put_text(text, longest_text); }
  void put(const error& failure) {
    out_.put(static_cast<std::uint8_t>(failure.kind));
    put(failure.message);
  }
  void put(const std::optional<error>& failure) {
    put(failure.has_value());
    if (failure) put(*failure);
  }

  std::vector<char>& bytes_;
  byte_writer out_;
};

class field_reader {
public:
  explicit field_reader(const std::vector<char>& bytes) : bytes_(bytes), in_(bytes.data(), bytes.size()) {}

  template <class... Fields>
  void operator()(Fields&... each) {
    (take(each), ...);
  }
  void rest(std::vector<char>& bytes) {
    if (in_.failed()) return;
    bytes.assign(bytes_.end() - static_cast<std::ptrdiff_t>(in_.left()), bytes_.end());
    left_taken_ = true;
  }
  template <class Element, class Each>
  void list(std::vector<Element>& elements, Each each) {
    const auto count = in_.take<std::uint32_t>();
    if (count > longest_list || count > in_.left()) in_.fail(); // an element takes a byte at least
    for (std::uint32_t i = 0; i < count && !in_.failed(); ++i) each(elements.emplace_back());
  }
  bool good() const { return !in_.failed() && (left_taken_ || in_.left() == 0); }

private:
  template <class Number>
  requires std::is_arithmetic_v<Number>
  void take(Number& value) { value = in_.take<Number>(); }
  void take(bool& value) {
    const auto byte = in_.take<std::uint8_t>();
    if (byte > 1) in_.fail();
    value = byte == 1;
  }
  void take(dtype& kind) {
    const auto byte = in_.take<std::uint8_t>();
    if (byte > static_cast<std::uint8_t>(dtype::u8)) in_.fail();
    kind = static_cast<dtype>(byte);
  }
  void take(std::string& text) { text = in_.take_text(longest_text); }
  void take(error& failure) {
    const auto byte = in_.take<std::uint8_t>();
    if (byte > static_cast<std::uint8_t>(last_error_kind)) in_.fail();
    failure.kind = static_cast<error_kind>(byte);
    take(failure.message);
  }
  void take(std::optional<error>& failure) {
    bool is_there = false;
    take(is_there);
    if (is_there) take(failure.emplace(error::internal("")));
  }

  const std::vector<char>& bytes_;
  byte_parser in_;
  bool left_taken_ = false;
};

// `Fields` sees a const message when it writes.
template <class A, class M>
void fields(A& field, M& m) {
  using T = std::remove_const_t<M>;
  if constexpr (std::is_same_v<T, run_order>) {
    field(m.run_id, m.node, m.peer_timeout_s, m.reconnect_for_s);
    field.list(m.settings, [&](auto& each) { field(each.name, each.value); });
    field.list(m.members, [&](auto& each) { field(each.node, each.name, each.host, each.port, each.instance); });
    field.list(m.groups, [&](auto& each) { field(each.node, each.device); });
  } else if constexpr (std::is_same_v<T, introduction>) {
    field(m.devices, m.threads, m.flops);
  } else if constexpr (std::is_same_v<T, built>) {
    field(m.failure);
    field.list(m.groups, [&](auto& each) { field(each.group, each.hash); });
  } else if constexpr (std::is_same_v<T, finish>) {
    field(m.end, m.why, m.send_weights, m.send_trace);
  } else if constexpr (std::is_same_v<T, weights_part>) {
    field(m.number, m.name, m.kind);
    field.list(m.extents, [&](auto& each) { field(each); });
    field.rest(m.bytes);
  } else if constexpr (std::is_same_v<T, trace_part>) {
    field(m.file);
    field.rest(m.bytes);
  } else if constexpr (std::is_same_v<T, done>) {
    field(m.failure);
    field.list(m.memory, [&](auto& each) { field(each.device, each.bytes, each.pinned_bytes); });
  } else if constexpr (std::is_same_v<T, dismiss>) {
    field(m.complete);
  } else if constexpr (std::is_same_v<T, tell_waits>) {
    field(m.number);
  } else if constexpr (std::is_same_v<T, waits_told>) {
    field(m.number, m.text, m.slow);
  } else if constexpr (std::is_same_v<T, tell_weights>) {
    field(m.number);
  } else if constexpr (std::is_same_v<T, weights_told>) {
    field(m.number, m.failure);
  } else if constexpr (std::is_same_v<T, trouble>) {
    field(m.why);
  }
}

constexpr std::int64_t most_elements = std::int64_t{1} << 40;

} // namespace

result<shape> shape_of(const weights_part& part) {
  const auto wrong =
    error::peer("the weights '" + part.name + "' came with a wrong size: is every process the same build?");
  const auto& extents = part.extents;
  std::int64_t elements = 1;
  for (const auto each : extents) { // no product of what a peer claims may overflow
    if (each < 0 || each > most_elements / std::max<std::int64_t>(elements, 1)) return wrong;
    elements *= each;
  }
  if (static_cast<std::size_t>(elements) * size_of(part.kind) != part.bytes.size()) return wrong;
  if (extents.size() > shape::max_rank) return wrong;
  return shape(extents);
}

result<tensor> tensor_of(const weights_part& part, device& host) {
  const auto extents = shape_of(part);
  if (!extents) return extents.failure();
  auto here = make_tensor(host.make_stream(), *extents, part.kind);
  if (!part.bytes.empty()) std::memcpy(here.data(), part.bytes.data(), part.bytes.size());
  return here;
}

weights_part part_of(const std::string& name, const tensor& value, std::uint32_t number) {
  weights_part part;
  part.number = number;
  part.name = name;
  part.kind = value.type();
  for (int i = 0; i < value.extents().rank(); ++i) part.extents.push_back(value.extents()[i]);
  const auto* bytes = static_cast<const char*>(value.data());
  part.bytes.assign(bytes, bytes + value.bytes());
  return part;
}

template <class M>
control_message encode(const M& message) {
  control_message out;
  out.context.batch = no_batch;
  out.type = static_cast<std::uint16_t>(M::type);
  out.bytes.reserve(256);
  field_writer writer(out.bytes);
  fields(writer, message);
  return out;
}

template <class M>
result<M> decode(const control_message& message) {
  M out;
  field_reader reader(message.bytes);
  if (message.type == static_cast<std::uint16_t>(M::type)) fields(reader, out);
  if (message.type != static_cast<std::uint16_t>(M::type) || !reader.good())
    return error::peer(
      fmt::format("a control message of type {} and {} bytes cannot be read: is every process the same build?",
                  message.type, message.bytes.size()));
  return out;
}

#define SYNGRAD_CONTROL(M)                                                                                             \
  template control_message encode<M>(const M&);                                                                        \
  template result<M> decode<M>(const control_message&);
SYNGRAD_CONTROL(run_order)
SYNGRAD_CONTROL(built)
SYNGRAD_CONTROL(open_links)
SYNGRAD_CONTROL(ready)
SYNGRAD_CONTROL(finish)
SYNGRAD_CONTROL(weights_part)
SYNGRAD_CONTROL(trace_part)
SYNGRAD_CONTROL(done)
SYNGRAD_CONTROL(dismiss)
SYNGRAD_CONTROL(trouble)
SYNGRAD_CONTROL(introduction)
SYNGRAD_CONTROL(tell_waits)
SYNGRAD_CONTROL(waits_told)
SYNGRAD_CONTROL(tell_weights)
SYNGRAD_CONTROL(weights_told)
#undef SYNGRAD_CONTROL

} // namespace syngrad
