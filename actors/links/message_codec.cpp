#include "actors/links/message_codec.hpp"

#include "actors/links/byte_codec.hpp"
#include "actors/links/message_fields.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace syngrad {

namespace {

error malformed(const std::string& what) {
  return {error_kind::peer, "malformed message from the other end of a link: " + what +
                              ". Both ends must run the same version of syngrad"};
}

constexpr std::uint8_t format_of_factors = 3;
static_assert(format_of_factors == wire_format_count);

template <std::size_t... Numbers>
link_message message_numbered(std::size_t number, std::index_sequence<Numbers...>) {
  link_message made;
  ((number == Numbers ? static_cast<void>(made.emplace<Numbers>()) : void()), ...);
  return made;
}

// Passes over some samples read where these numbers say.
bool has_samples_in_range(const chosen_samples& chosen) {
  if (!chosen) return true;
  if (chosen.numbers.type() != dtype::i32) return false;
  const std::span numbers(chosen.numbers.i32(), static_cast<std::size_t>(chosen.count()));
  return std::ranges::all_of(numbers, [&](std::int64_t each) { return each >= 0 && each < chosen.all; });
}

} // namespace

class encoded_frame::header_writer {
public:
  header_writer(encoded_frame& frame, const link_options& formats, recycled_bytes& scratch, gradient_subspace* subspace)
    : frame_(frame), formats_(formats), scratch_(scratch), subspace_(subspace), out_(frame.head_) {}

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
    put_extents(each.extents());
    parts_[part_count_++] = part_of(each, format);
    frame_.payload_bytes_ += each.bytes();
  }
  void gradient(const tensor& each) {
    const auto elements = formats_.gradients;
    if (!subspace_ || !each || each.type() != dtype::f32 || !subspace_->factor(each.f32(), each.extents(), elements))
      return values(each, elements);
    const auto rank = subspace_->rank();
    const auto count = factor_bytes(each.extents(), rank, elements);
    auto& memory = frame_.converted_[frame_.converted_count_++];
    memory = scratch_.take(count);
    const auto lost = subspace_->to_wire(each.f32(), each.extents(), elements, memory.get());
    out_.put(std::uint8_t{1});
    out_.put(static_cast<std::uint8_t>(each.type()));
    out_.put(format_of_factors);
    out_.put(static_cast<std::uint8_t>(elements));
    out_.put(static_cast<std::uint32_t>(rank));
    out_.put(static_cast<float>(lost));
    put_extents(each.extents());
    parts_[part_count_++] = {memory.get(), count};
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
  void put_extents(const shape& of) {
    out_.put(static_cast<std::uint8_t>(of.rank()));
    for (int axis = 0; axis < of.rank(); ++axis) out_.put(of[axis]);
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
  gradient_subspace* subspace_;
  byte_writer out_;
  std::array<piece, 3> parts_{};
  std::size_t part_count_ = 0;
};

encoded_frame::encoded_frame(link_message message, const link_options& options, recycled_bytes& scratch,
                             gradient_subspace* subspace)
  : message_(std::move(message)) {
  head_.reserve(128);
  byte_writer out(head_);
  out.put(static_cast<std::uint8_t>(message_.index()));
  out.put(frame_version);
  out.put(std::uint16_t{0});
  out.put(std::uint32_t{0});
  header_writer header(*this, options, scratch, subspace);
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

class frame_decoder::header_reader {
public:
  header_reader(frame_decoder& owner, byte_parser& in) : owner_(owner), in_(in) {}

  const link_options& formats() const { return owner_.options_; }
  const std::string& fault() const { return fault_; }

  template <class... Values>
  void operator()(Values&... values) {
    (take(values), ...);
  }
  template <class Enumeration>
  requires std::is_enum_v<Enumeration>
  void operator()(Enumeration& value, Enumeration last) { value = enumeration_up_to(last); }

  void gradient(tensor& each) { values(each, formats().gradients); }
  void values(tensor& each, wire_format) {
    if (!flag()) return;
    const auto type = enumeration_up_to(dtype::u8);
    const auto format_byte = in_.take<std::uint8_t>();
    const bool factored = format_byte == format_of_factors;
    const auto format = enumeration_up_to(wire_format::int8, factored ? in_.take<std::uint8_t>() : format_byte);
    const auto factor_rank = factored ? static_cast<std::int64_t>(in_.take<std::uint32_t>()) : 0;
    const auto lost = factored ? in_.take<float>() : 0.0f;
    const auto extents = take_extents(size_of(type));
    if (type != dtype::f32 && (factored || format != wire_format::f32))
      refuse("a format for floats on a tensor of integers");
    if (factored && (factor_rank < 1 || factor_rank > std::min(extents.rows(), extents.columns())))
      refuse("factors of " + std::to_string(factor_rank) + " columns");
    if (failed()) return;
    if (factored) {
      owner_.factor_rank_ = factor_rank;
      owner_.factors_lose_ = lost >= 0 && lost <= 1 ? double{lost} : 1;
    }
    const bool raw = format == wire_format::f32 && !factored;
    const auto elements = static_cast<std::size_t>(extents.elements());
    const auto count = raw        ? elements * size_of(type)
                       : factored ? factor_bytes(extents, factor_rank, format)
                                  : wire_bytes(extents, format);
    if (!claim(count)) return;
    each = make_tensor(owner_.host_, extents, type);
    owner_.payload_bytes_ += each.bytes();
    if (raw) {
      add_part({static_cast<char*>(each.data()), count, nullptr, extents, format, 0});
    } else {
      auto& scratch = owner_.scratch_[owner_.part_count_];
      scratch.resize(count);
      add_part({scratch.data(), count, each.f32(), extents, format, factor_rank});
    }
  }

  void bytes(std::vector<char>& block) {
    const auto count = in_.take<std::uint64_t>();
    if (failed() || !claim(count)) return;
    block.resize(count);
    owner_.payload_bytes_ += count;
    add_part({block.data(), count, nullptr, {}, wire_format::f32, 0});
  }

  bool failed() const { return in_.failed() || !fault_.empty(); }

private:
  template <class Number>
  void take(Number& value) {
    value = in_.take<Number>();
  }
  void take(bool& value) { value = flag(); }
  void take(std::string& text) { text = in_.take_text(text_limit); }

  template <class Enumeration>
  Enumeration enumeration_up_to(Enumeration last) {
    return enumeration_up_to(last, in_.take<std::uint8_t>());
  }
  template <class Enumeration>
  Enumeration enumeration_up_to(Enumeration last, std::uint8_t value) {
    if (value > static_cast<std::uint8_t>(last)) refuse("a field has the value " + std::to_string(value));
    return static_cast<Enumeration>(std::min(value, static_cast<std::uint8_t>(last)));
  }
  bool flag() {
    const auto value = in_.take<std::uint8_t>();
    if (value > 1) refuse("a flag has the value " + std::to_string(value));
    return value == 1;
  }

  // Their product times `size` is at most the limit of a message, whatever the wire's format makes of it.
  shape take_extents(std::size_t size) {
    const int rank = in_.take<std::uint8_t>();
    if (rank > shape::max_rank) refuse("a tensor of rank " + std::to_string(rank));
    if (failed()) return {};
    std::array<std::int64_t, shape::max_rank> extents{};
    const auto limit = static_cast<std::int64_t>(owner_.options_.message_limit / size);
    std::int64_t product = 1;
    bool fits = true;
    for (int axis = 0; axis < rank; ++axis) {
      const auto extent = extents[static_cast<std::size_t>(axis)] = in_.take<std::int64_t>();
      fits = fits && extent >= 0 && extent <= limit && (product == 0 || extent <= limit / product);
      if (fits) product *= extent;
    }
    if (!fits) refuse("a tensor is larger than a message may be, " + std::to_string(owner_.options_.message_limit));
    return failed() ? shape{} : shape(std::span(extents).first(static_cast<std::size_t>(rank)));
  }

  // Whether the message stays within its limit with `count` more bytes.
  bool claim(std::size_t count) {
    const auto limit = owner_.options_.message_limit;
    if (count <= limit && owner_.frame_bytes_ <= limit - count) {
      owner_.frame_bytes_ += count;
      return true;
    }
    refuse("it is larger than a message may be, " + std::to_string(limit));
    return false;
  }
  void add_part(part next) {
    if (next.count > 0) owner_.parts_[owner_.part_count_++] = next;
  }
  void refuse(std::string why) {
    if (fault_.empty()) fault_ = std::move(why);
  }

  frame_decoder& owner_;
  byte_parser& in_;
  std::string fault_;
};

frame_decoder::frame_decoder(stream& host, const link_options& options) : host_(host), options_(options) {}

result<std::optional<link_message>> frame_decoder::take(const char* bytes, std::size_t count) {
  if (stage_ == stage::prologue) {
    if (!fill_head(bytes, count, prologue_bytes)) return std::optional<link_message>();
    if (auto read = read_prologue(); !read) return read.failure();
  }
  if (stage_ == stage::header) {
    if (!fill_head(bytes, count, head_bytes_)) return std::optional<link_message>();
    if (auto read = read_header(); !read) return read.failure();
  }
  if (!fill_parts(bytes, count)) return std::optional<link_message>();
  if (count > 0) return malformed(std::to_string(count) + " bytes follow its end");
  if (const auto* one = std::get_if<gradient>(&message_); one && !has_samples_in_range(one->chosen))
    return malformed("it is of samples that its batch has not");
  finish();
  return std::optional<link_message>(std::move(message_));
}

bool frame_decoder::fill_head(const char*& bytes, std::size_t& count, std::size_t wanted) {
  const auto now = std::min(count, wanted - head_.size());
  head_.insert(head_.end(), bytes, bytes + now);
  bytes += now;
  count -= now;
  return head_.size() == wanted;
}

status frame_decoder::read_prologue() {
  byte_parser in(head_.data(), head_.size());
  const std::size_t type = in.take<std::uint8_t>();
  const auto version = in.take<std::uint8_t>();
  const auto zero = in.take<std::uint16_t>();
  const std::size_t header_bytes = in.take<std::uint32_t>();
  if (version != frame_version)
    return malformed("it has version " + std::to_string(version) + ", this end understands " +
                     std::to_string(frame_version));
  constexpr auto types = std::variant_size_v<link_message>;
  if (type >= types || zero != 0) return malformed("it is of no known type (" + std::to_string(type) + ")");
  if (header_bytes > header_limit) return malformed("its header claims " + std::to_string(header_bytes) + " bytes");
  message_ = message_numbered(type, std::make_index_sequence<types>());
  head_bytes_ = prologue_bytes + header_bytes;
  stage_ = stage::header;
  return ok();
}

status frame_decoder::read_header() {
  byte_parser in(head_.data() + prologue_bytes, head_.size() - prologue_bytes);
  header_reader reader(*this, in);
  part_count_ = part_ = filled_ = payload_bytes_ = 0;
  factor_rank_ = 0;
  factors_lose_ = 0;
  frame_bytes_ = head_bytes_;
  std::visit(
    [&](auto& each) {
      fields(reader, each.context);
      fields(reader, each);
    },
    message_);
  if (!reader.fault().empty()) return malformed(reader.fault());
  if (in.failed() || in.left() > 0) return malformed("its header has not the length of its fields");
  stage_ = stage::parts;
  return ok();
}

bool frame_decoder::fill_parts(const char*& bytes, std::size_t& count) {
  for (; part_ < part_count_; ++part_, filled_ = 0) {
    const auto& into = parts_[part_];
    const auto now = std::min(count, into.count - filled_);
    std::copy_n(bytes, now, into.to + filled_);
    bytes += now;
    count -= now;
    filled_ += now;
    if (filled_ < into.count) return false;
    if (!into.convert_to) continue;
    if (into.factor_rank > 0)
      factors_from_wire(into.to, into.extents, into.factor_rank, into.format, factors_, into.convert_to);
    else
      from_wire(into.to, into.extents, into.format, into.convert_to);
  }
  return true;
}

void frame_decoder::finish() {
  stage_ = stage::prologue;
  head_.clear();
}

} // namespace syngrad
