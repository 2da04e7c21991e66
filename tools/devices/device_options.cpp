#include "tools/devices/device_options.hpp"

#include "runtime/nearest_name.hpp"
#include "runtime/text.hpp"
#include "tools/command_line/option_row.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>
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
  return error::setting("expected cpu or cuda:N, got '" + text + "'" + hint +
                        " (`syngrad devices` lists what is there)");
}

namespace {

constexpr std::int64_t largest_group = (1 << 16) - 1;

error malformed_placement(const std::string& what, const std::string& in) {
  return {error_kind::setting, "expected " + what + ", got '" + in + "'; write for example 0-2=cuda:0,3=cpu"};
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
  if (!device) return device.failure().prefixed("groups " + text.substr(0, equals) + ": ");
  out.device = *device;
  return out;
}

status check_apart(const std::vector<placement>& all) {
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (const auto both = std::max(all[i].first, all[j].first); both <= std::min(all[i].last, all[j].last))
        return error::setting(fmt::format("group {} is placed twice, on {} and on {}; name each group once", both,
                                          all[j].device.str(), all[i].device.str()));
  return ok();
}

} // namespace

result<std::vector<placement>> parse_placements(const std::string& text) {
  std::vector<placement> all;
  if (text.empty()) return all;
  for (const auto part : split_text(text, ',')) {
    auto read = parse_placement(std::string(part));
    if (!read) return read.failure();
    all.push_back(std::move(*read));
  }
  if (auto apart = check_apart(all); !apart) return apart.failure();
  return all;
}

namespace {

status check_device(const std::string& text) {
  if (auto name = parse_device_name(text); !name) return name.failure();
  return ok();
}

status check_place_text(const std::string& text) {
  if (auto places = parse_placements(text); !places) return places.failure();
  return ok();
}

status check_node(const placement& place) {
  if (place.node.empty()) return ok();
  return error::setting("--place: '" + place.node + "/" + place.device.str() +
                        "' names a node, but this run is one process; leave '" + place.node +
                        "/' out, or add --listen HOST:PORT and --nodes");
}

status check_groups(const placement& place, int groups) {
  if (place.last < groups) return ok();
  return error::setting(fmt::format("--place: there is no group {}: the {} groups of this run are counted from 0 to {}",
                                    std::max(place.first, groups), groups, groups - 1));
}

status check_use(const device_options& options, const std::vector<device_name>& devices) {
  if (std::any_of(devices.begin(), devices.end(), [](const auto& each) { return each.is_cuda(); })) return ok();
  const auto refuse = [](const std::string& option, const std::string& value) {
    return error::setting("--" + option + ": " + value +
                          " is for CUDA devices, but every group of this run is on the cpu; add " +
                          "--device cuda:0 (`syngrad devices` lists what is there) or leave it out");
  };
  if (options.precision != "f32") return refuse("precision", options.precision);
  if (options.graphs()) return refuse("cuda-graphs", options.cuda_graphs);
  return ok();
}

} // namespace

cuda_options cuda_options_of(const std::string& precision) {
  cuda_options out;
  if (precision == "tf32") out.precision = cuda_precision::tf32;
  if (precision == "bf16") out.precision = cuda_precision::bf16;
  return out;
}

option_row device_row(device_choice& target) {
  return text("device", "DEVICE", target.device,
              "Where to compute: cpu, or cuda:N for a GPU; `syngrad devices` lists what is there", check_device);
}

option_row place_row(device_choice& target) {
  auto row = text("place", "GROUPS=DEVICE,...", target.place,
                  "Devices of single groups, counted from 0, a predictor lives with its group: 0-2=cuda:0,3=cpu. The "
                  "others go to --device",
                  check_place_text);
  row.get = [&target] { return target.place.empty() ? std::nullopt : std::optional(target.place); };
  row.shown_default = "all on --device";
  return row;
}

option_row precision_row(device_options& target) {
  return choice("precision", target.precision, {"f32", "tf32", "bf16"}, precision_help);
}

option_row cuda_graphs_row(device_options& target) {
  return choice("cuda-graphs", target.cuda_graphs, {"on", "off"}, cuda_graphs_help);
}

result<std::vector<device_name>> choose_devices(const device_options& options, int groups) {
  const auto common = parse_device_name(options.device);
  if (!common) return common.failure().prefixed("--device: ");
  const auto places = parse_placements(options.place);
  if (!places) return places.failure().prefixed("--place: ");
  std::vector<device_name> devices(static_cast<std::size_t>(groups), *common);
  for (const auto& place : *places) {
    if (auto local = check_node(place); !local) return local.failure();
    if (auto there = check_groups(place, groups); !there) return there.failure();
    std::fill(devices.begin() + place.first, devices.begin() + place.last + 1, place.device);
  }
  if (auto used = check_use(options, devices); !used) return used.failure();
  return devices;
}

} // namespace syngrad::tools
