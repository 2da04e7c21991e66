#include "tools/devices/placement.hpp"

#include "tools/command_line/option_row.hpp"

#include <algorithm>
#include <cctype>

namespace syngrad::tools {

namespace {

constexpr std::int64_t largest_group = (1 << 16) - 1;

error malformed_placement(const std::string& what, const std::string& in) {
  return {"expected " + what + ", got '" + in + "'; write for example 0-2=cuda:0,3=cpu"};
}

std::optional<int> parse_group(const std::string& text) {
  const auto number = parse_whole(text);
  if (!number || *number < 0 || *number > largest_group) return std::nullopt;
  return static_cast<int>(*number);
}

status parse_groups(const std::string& text, placement& into) {
  const auto dash = text.find('-');
  const auto first = parse_group(text.substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_group(text.substr(dash + 1));
  if (!first || !last) return malformed_placement("group numbers, N or N-N counted from 0, before '='", text);
  if (*last < *first) return malformed_placement("groups from the lower to the higher number", text);
  into.first = *first;
  into.last = *last;
  return ok();
}

bool is_node_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
}

result<placement> parse_placement(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) return malformed_placement("GROUPS=DEVICE", text);
  placement out;
  if (auto groups = parse_groups(text.substr(0, equals), out); !groups) return groups.failure();
  auto where = text.substr(equals + 1);
  if (const auto slash = where.find('/'); slash != std::string::npos) {
    out.node = where.substr(0, slash);
    if (!is_node_name(out.node))
      return malformed_placement("a node's name of letters, digits, '-', '_' and '.' before '/'", text);
    where.erase(0, slash + 1);
  }
  const auto device = parse_device_name(where);
  if (!device) return error{"groups " + text.substr(0, equals) + ": " + device.message()};
  out.device = *device;
  return out;
}

status check_apart(const std::vector<placement>& all) {
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (const auto both = std::max(all[i].first, all[j].first); both <= std::min(all[i].last, all[j].last))
        return error{"group " + std::to_string(both) + " is placed twice, on " + all[j].device.str() + " and on " +
                     all[i].device.str() + "; name each group once"};
  return ok();
}

} // namespace

result<std::vector<placement>> parse_placements(const std::string& text) {
  std::vector<placement> all;
  for (std::size_t begin = 0; !text.empty() && begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    auto read = parse_placement(text.substr(begin, end - begin));
    if (!read) return read.failure();
    all.push_back(std::move(*read));
    begin = end + 1;
  }
  if (auto apart = check_apart(all); !apart) return apart.failure();
  return all;
}

} // namespace syngrad::tools
