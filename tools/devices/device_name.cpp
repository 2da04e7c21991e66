#include "tools/devices/device_name.hpp"

#include "tools/command_line/nearest_name.hpp"
#include "tools/command_line/option_row.hpp"

#include <algorithm>
#include <vector>

namespace syngrad::tools {

namespace {

constexpr std::string_view cuda_prefix = "cuda:";
constexpr std::int64_t largest_ordinal = 1023;

std::optional<int> ordinal_in(const std::string& text) {
  if (!text.starts_with(cuda_prefix)) return std::nullopt;
  const auto digits = text.substr(cuda_prefix.size());
  const auto number = parse_whole(digits);
  if (!number || *number < 0 || *number > largest_ordinal || digits != std::to_string(*number)) return std::nullopt;
  return static_cast<int>(*number);
}

} // namespace

result<device_name> parse_device_name(const std::string& text) {
  if (text == "cpu") return device_name{};
  if (const auto ordinal = ordinal_in(text)) return device_name{ordinal};
  const std::vector<std::string> examples{"cpu", "cuda:0"};
  const auto hint =
    text.starts_with("cuda") || text.starts_with("gpu") ? ": did you mean cuda:0?" : suggest(text, examples, "");
  return error{"expected cpu or cuda:N, got '" + text + "'" + hint + " (`syngrad devices` lists what is there)"};
}

} // namespace syngrad::tools
