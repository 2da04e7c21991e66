#include "tools/devices/device_options.hpp"

#include "tools/devices/placement.hpp"

#include <algorithm>

namespace syngrad::tools {

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
  return error{"--place: '" + place.node + "/" + place.device.str() +
               "' names a node, but this run is one process; leave '" + place.node +
               "/' out, or add --listen HOST:PORT and --nodes"};
}

status check_groups(const placement& place, int groups) {
  if (place.last < groups) return ok();
  return error{"--place: there is no group " + std::to_string(std::max(place.first, groups)) + ": the " +
               std::to_string(groups) + " groups of this run are counted from 0 to " + std::to_string(groups - 1)};
}

status check_use(const device_options& options, const std::vector<device_name>& devices) {
  if (std::any_of(devices.begin(), devices.end(), [](const auto& each) { return each.is_cuda(); })) return ok();
  const auto refuse = [](const std::string& option, const std::string& value) {
    return error{"--" + option + ": " + value +
                 " is for CUDA devices, but every group of this run is on the cpu; add " +
                 "--device cuda:0 (`syngrad devices` lists what is there) or leave it out"};
  };
  if (options.precision != "f32") return refuse("precision", options.precision);
  if (options.graphs()) return refuse("cuda-graphs", options.cuda_graphs);
  return ok();
}

} // namespace

cuda_options device_options::for_cuda() const {
  cuda_options out;
  if (precision == "tf32") out.precision = cuda_precision::tf32;
  if (precision == "bf16") out.precision = cuda_precision::bf16;
  return out;
}

option_row device_row(device_options& target) {
  return text("device", "DEVICE", target.device,
              "Where to compute: cpu, or cuda:N for a GPU; `syngrad devices` lists what is there", check_device);
}

option_row place_row(device_options& target) {
  auto row = text("place", "GROUPS=DEVICE,...", target.place,
                  "Devices of single groups, counted from 0, a predictor lives with its group: 0-2=cuda:0,3=cpu. The "
                  "others go to --device",
                  check_place_text);
  row.get = [&target] { return target.place.empty() ? std::nullopt : std::optional(target.place); };
  row.shown_default = "all on --device";
  return row;
}

option_row precision_row(device_options& target) {
  return choice("precision", target.precision, {"f32", "tf32", "bf16"},
                "On CUDA devices, what matrix products round their factors to; weights and sums stay float32");
}

option_row cuda_graphs_row(device_options& target) {
  return choice("cuda-graphs", target.cuda_graphs, {"on", "off"},
                "On CUDA devices, capture a group's work once and launch it as a whole: less time on the host");
}

result<std::vector<device_name>> choose_devices(const device_options& options, int groups) {
  const auto common = parse_device_name(options.device);
  if (!common) return error{"--device: " + common.message()};
  const auto places = parse_placements(options.place);
  if (!places) return error{"--place: " + places.message()};
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
