#include "actors/links/encoded_frame.hpp"

#include "actors/links/byte_writer.hpp"
#include "actors/links/frame_format.hpp"
#include "actors/links/message_fields.hpp"

#include <cassert>

namespace syngrad {

class encoded_frame::header_writer {
public:
  header_writer(encoded_frame& frame, const link_options& formats, recycled_bytes& scratch)
    : frame_(frame), formats_(formats), scratch_(scratch), out_(frame.head_) {}

  const link_options& formats() const { return formats_; }

  template <class... Values>
  void operator()(const Values&... values) {
    (put(values), ...);
  }
  template <class Enumeration>
  requires std::is_enum_v<Enumeration>
  void operator()(Enumeration value, [[maybe_unused]] Enumeration last) { out_.put(static_cast<std::uint8_t>(value)); }
  void values(const tensor& each, wire_format format) {
    out_.put(std::uint8_t{static_cast<bool>(each)});
    if (!each) return;
    if (each.type() != dtype::f32) format = wire_format::f32;
    out_.put(static_cast<std::uint8_t>(each.type()));
    out_.put(static_cast<std::uint8_t>(format));
    out_.put(static_cast<std::uint8_t>(each.extents().rank()));
    for (int axis = 0; axis < each.extents().rank(); ++axis) out_.put(each.extents()[axis]);
    parts_[part_count_++] = part_of(each, format);
    frame_.payload_bytes_ += each.bytes();
  }
  void bytes(const std::vector<char>& block) {
    out_.put(std::uint64_t{block.size()});
    parts_[part_count_++] = {block.data(), block.size()};
    frame_.payload_bytes_ += block.size();
  }

  // The head is complete and stays where it is.
  void add_pieces() {
    frame_.add_piece(frame_.head_.data(), frame_.head_.size());
    for (std::size_t i = 0; i < part_count_; ++i) frame_.add_piece(parts_[i].data, parts_[i].count);
  }

private:
  template <class Number>
  void put(const Number& value) {
    out_.put(value);
  }
  void put(bool value) { out_.put(std::uint8_t{value}); }
  void put(const std::string& text) { out_.put_text(text, text_limit); }

  piece part_of(const tensor& each, wire_format format) {
    if (format == wire_format::f32) return {static_cast<const char*>(each.data()), each.bytes()};
    const auto count = wire_bytes(each.extents(), format);
    auto& memory = frame_.converted_[frame_.converted_count_++];
    memory = scratch_.take(count);
    to_wire(each.f32(), each.extents(), format, memory.get());
    return {memory.get(), count};
  }

  encoded_frame& frame_;
  const link_options& formats_;
  recycled_bytes& scratch_;
  byte_writer out_;
  std::array<piece, 2> parts_{};
  std::size_t part_count_ = 0;
};

encoded_frame::encoded_frame(link_message message, const link_options& options, recycled_bytes& scratch)
  : message_(std::move(message)) {
  head_.reserve(128);
  byte_writer out(head_);
  out.put(static_cast<std::uint8_t>(message_.index()));
  out.put(frame_version);
  out.put(std::uint16_t{0});
  out.put(std::uint32_t{0});
  header_writer header(*this, options, scratch);
  std::visit(
    [&](auto& each) {
      fields(header, each.context);
      fields(header, each);
    },
    message_);
  out.patch(4, static_cast<std::uint32_t>(head_.size() - prologue_bytes));
  header.add_pieces();
}

void encoded_frame::add_piece(const char* data, std::size_t count) {
  if (count == 0) return;
  assert(piece_count_ < pieces_.size());
  pieces_[piece_count_++] = {data, count};
  bytes_ += count;
}

} // namespace syngrad
