#include "runtime/data/token_text.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <fmt/core.h>

namespace syngrad {

static_assert(std::endian::native == std::endian::little, "tokens are read as they lie in their files");

token_text token_text::of(std::vector<std::uint16_t> tokens, std::string where) {
  const auto kept = std::make_shared<const std::vector<std::uint16_t>>(std::move(tokens));
  token_text out;
  out.append({{kept, reinterpret_cast<const std::byte*>(kept->data())},
              2,
              static_cast<std::int64_t>(kept->size()),
              0,
              0,
              std::move(where)});
  return out;
}

void token_text::append(const mapped_file& file, int width, std::size_t first_byte) {
  assert(width == 1 || (width == 2 && first_byte % 2 == 0));
  is_mapped_ = true;
  const auto bytes = file.bytes().subspan(first_byte);
  append({{file.memory(), bytes.data()}, width, static_cast<std::int64_t>(bytes.size()) / width, 0, 0, file.path()});
}

void token_text::append(piece next) {
  next.begin = size_;
  size_ += next.size;
  pieces_.push_back(std::move(next));
}

void token_text::copy(std::int64_t first, std::span<std::int32_t> into) const {
  assert(first >= 0 && first + static_cast<std::int64_t>(into.size()) <= size_);
  auto found = std::upper_bound(pieces_.begin(), pieces_.end(), first,
                                [](std::int64_t at, const piece& each) { return at < each.begin + each.size; });
  for (; !into.empty(); ++found) {
    const auto from = first - found->begin;
    const auto count = std::min(static_cast<std::int64_t>(into.size()), found->size - from);
    if (found->width == 1)
      std::copy_n(reinterpret_cast<const std::uint8_t*>(found->memory.get()) + from, count, into.begin());
    else
      std::copy_n(reinterpret_cast<const std::uint16_t*>(found->memory.get()) + from, count, into.begin());
    first += count;
    into = into.subspan(static_cast<std::size_t>(count));
  }
}

token_text token_text::part(std::int64_t first, std::int64_t count) const {
  assert(first >= 0 && count >= 0 && first + count <= size_);
  token_text out;
  out.is_mapped_ = is_mapped_;
  for (const auto& each : pieces_) {
    const auto begin = std::max(first, each.begin), end = std::min(first + count, each.begin + each.size);
    if (begin >= end) continue;
    auto cut = each;
    cut.memory = {each.memory, each.memory.get() + (begin - each.begin) * each.width};
    cut.size = end - begin;
    cut.begin_here += begin - each.begin;
    out.append(std::move(cut));
  }
  return out;
}

std::string token_text::place(std::int64_t at) const {
  const auto found =
    std::find_if(pieces_.begin(), pieces_.end(), [&](const piece& each) { return at < each.begin + each.size; });
  return fmt::format("{}: token {}", found->where, at - found->begin + found->begin_here);
}

} // namespace syngrad
