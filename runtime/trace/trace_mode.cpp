#include "runtime/trace/trace_mode.hpp"

#include "runtime/io/value_text.hpp"
#include "runtime/text.hpp"

#include <bit>
#include <fmt/core.h>
#include <optional>

namespace syngrad {

namespace {

// A batch in a group: a dozen messages of three records, and a record takes about ten bytes on disk.
constexpr std::uint64_t bytes_of_a_batch_in_a_group = 400;
constexpr std::int64_t largest_sample = std::int64_t{1} << 31;
constexpr std::uint64_t least_flight = 1 << 20;
constexpr std::uint32_t rings_beside_actor_threads = 8;
constexpr std::uint64_t least_capacity = 512; // records: what a busy thread makes until it is drained, twice over

std::optional<std::string> after(const std::string& prefix, const std::string& text) {
  return text.starts_with(prefix) ? std::optional(text.substr(prefix.size())) : std::nullopt;
}

} // namespace

result<trace_mode> parse_trace_mode(const std::string& text) {
  trace_mode mode;
  if (text == "on") return mode;
  if (text == "off") {
    mode.off = true;
    return mode;
  }
  if (const auto sample = after("sample:", text)) {
    const auto number = parse_whole(*sample);
    if (!number || *number < 1 || *number > largest_sample)
      return error::setting(fmt::format("expected sample:N with N from 1 to {}, got '{}'", largest_sample, text));
    mode.sample = static_cast<std::uint32_t>(*number);
    return mode;
  }
  if (const auto flight = after("flight:", text)) {
    const auto size = parse_size(*flight);
    if (!size) return size.failure().prefixed("flight:SIZE: ");
    if (*size < least_flight) return error::setting("expected flight:SIZE of at least 1M, got '" + text + "'");
    mode.flight_bytes = *size;
    return mode;
  }
  return error::setting("expected off, on, sample:N or flight:SIZE, got '" + text +
                        "'; write for example --trace sample:16");
}

std::string usual_trace_mode(std::int64_t steps, std::int64_t groups, std::uint64_t limit_bytes) {
  const auto batches_that_fit = limit_bytes / bytes_of_a_batch_in_a_group / static_cast<std::uint64_t>(groups);
  const auto needed = static_cast<std::uint64_t>(steps);
  if (needed <= batches_that_fit) return "on";
  const auto one_in = std::bit_ceil((needed - 1) / std::max<std::uint64_t>(1, batches_that_fit) + 1);
  return fmt::format("sample:{}", std::min<std::uint64_t>(one_in, largest_sample));
}

result<std::uint64_t> parse_size(const std::string& text) {
  static constexpr std::string_view units = "KMG";
  constexpr std::int64_t most = std::int64_t{1} << 40;
  auto digits = text;
  unsigned shift = 0;
  if (!text.empty())
    if (const auto unit = units.find(text.back()); unit != std::string_view::npos) {
      shift = 10 * (static_cast<unsigned>(unit) + 1);
      digits.pop_back();
    }
  const auto number = parse_whole(digits);
  if (!number || *number < 1 || *number > most >> shift)
    return error::setting("expected a size of bytes up to 1024G, such as 64M, got '" + text + "'");
  return static_cast<std::uint64_t>(*number) << shift;
}

status plan_rings(trace_settings& settings, int threads) {
  settings.rings = static_cast<std::uint32_t>(threads) + rings_beside_actor_threads;
  const auto bytes = [&] { return settings.rings * trace_ring::bytes(settings.capacity); };
  while (settings.capacity > least_capacity && bytes() > settings.limit_bytes / 2) settings.capacity /= 2;
  if (bytes() > settings.limit_bytes / 2)
    return error::setting(fmt::format("the rings of {} threads take {}, and half of {} is all that they may take; "
                                      "allow a larger --trace-limit (or flight:SIZE), or use fewer --threads",
                                      threads, byte_size(bytes()), byte_size(settings.limit_bytes)));
  settings.limit_bytes -= bytes();
  return ok();
}

result<trace_settings> trace_settings_of(const trace_mode& mode, std::uint64_t limit_bytes, int threads) {
  trace_settings settings;
  settings.sample = mode.sample;
  settings.flight = mode.flight_bytes > 0;
  settings.limit_bytes = settings.flight ? mode.flight_bytes : limit_bytes;
  if (auto planned = plan_rings(settings, threads); !planned) return planned.failure();
  return settings;
}

} // namespace syngrad
