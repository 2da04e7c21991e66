#include "actors/nodes/record_format.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace syngrad {

namespace {

constexpr std::size_t length_size = 4, sum_size = 8, check_size = 4;
static_assert(length_size + sum_size + check_size == record_header_size);

template <class Number>
void put(char* at, std::size_t size, Number value) {
  for (std::size_t i = 0; i < size; ++i) at[i] = static_cast<char>(value >> 8 * i);
}

std::uint64_t get(const char* at, std::size_t size) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out |= std::uint64_t{static_cast<unsigned char>(at[i])} << 8 * i;
  return out;
}

std::uint32_t check_of(std::uint64_t number, const char* header) {
  constexpr std::uint64_t other_than_the_sums = 0x73796e67726164; // no payload of 12 bytes has its own header's check
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(header, length_size + sum_size, number ^ other_than_the_sums));
}

} // namespace

record_header header_of_record(std::uint64_t number, const char* payload, std::size_t size) {
  record_header out{};
  put(out.data(), length_size, static_cast<std::uint32_t>(size));
  put(out.data() + length_size, sum_size, XXH3_64bits_withSeed(payload, size, number));
  put(out.data() + length_size + sum_size, check_size, check_of(number, out.data()));
  return out;
}

std::optional<announced_record> read_record_header(std::uint64_t number, const char* header) {
  if (get(header + length_size + sum_size, check_size) != check_of(number, header)) return std::nullopt;
  const announced_record out{get(header, length_size), get(header + length_size, sum_size)};
  if (out.size == 0 || out.size > longest_record) return std::nullopt;
  return out;
}

bool is_payload_of(const announced_record& announced, std::uint64_t number, const char* payload) {
  return XXH3_64bits_withSeed(payload, announced.size, number) == announced.sum;
}

} // namespace syngrad
