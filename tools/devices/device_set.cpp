#include "tools/devices/device_set.hpp"

#include "actors/sanitizers.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/text.hpp"

#include <algorithm>

namespace syngrad::tools {

namespace {

result<std::unique_ptr<device>> make_device(const device_name& name, cuda_options options) {
  if (!name.is_cuda()) return std::unique_ptr<device>(std::make_unique<cpu_device>());
  options.ordinal = *name.ordinal;
  auto made = make_cuda_device(options);
  if (!made) return error{made.kind(), made.message() + " (`syngrad devices` lists what is there)"};
  return made;
}

// "0-2,4": the groups of the device `name`.
std::string numbers_of(const std::string& name, const std::vector<std::string>& all) {
  std::vector<int> groups;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i] == name) groups.push_back(static_cast<int>(i));
  return format_ranges(groups);
}

device_report describe(device& each) {
  device_report out;
  out.name = each.name();
  const auto own = each.memory().counters();
  out.memory_bytes = own.bytes;
  out.allocations = own.allocations;
  if (&each.host_visible_memory() == &each.memory()) return out;
  const auto pinned = each.host_visible_memory().counters();
  out.host_visible_bytes = pinned.bytes;
  out.allocations += pinned.allocations;
  return out;
}

} // namespace

result<device_set> device_set::make(const std::vector<device_name>& of_groups, const cuda_options& options) {
  device_set set;
  for (const auto& name : of_groups) {
    set.of_groups_.push_back(name.str());
    if (set.devices_.contains(name.str())) continue;
    auto made = make_device(name, options);
    if (!made) return made.failure();
    set.devices_.emplace(name.str(), std::move(*made));
  }
  return set;
}

device_places device_set::places() const {
  device_places out;
  for (const auto& name : of_groups_) out.groups.push_back(devices_.at(name).get());
  if (!out.groups.empty()) out.source = out.groups.front();
  return out;
}

std::vector<device_report> device_set::report() const {
  std::vector<device_report> all;
  for (const auto& name : of_groups_) {
    if (std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.name == name; })) continue;
    all.push_back(describe(*devices_.at(name)));
    all.back().groups = numbers_of(name, of_groups_);
  }
  return all;
}

void device_set::abandon() {
  for (auto& [name, each] : devices_) leak_deliberately(std::move(each));
  devices_.clear();
  of_groups_.clear();
}

namespace {

bool only_cpu(std::span<const device_report> devices) {
  return devices.empty() || (devices.size() == 1 && devices.front().name == "cpu");
}

const char* separator(const std::string& before) {
  return before.empty() ? "memory: " : "; ";
}

std::string show_held(std::uint64_t bytes, std::uint64_t pinned) {
  return " " + byte_size(bytes) + (pinned > 0 ? ", " + byte_size(pinned) + " pinned" : "");
}

} // namespace

std::string format_devices(std::span<const device_report> devices) {
  if (only_cpu(devices)) return "";
  if (devices.size() == 1) return ", on " + devices.front().name;
  std::string text;
  for (const auto& each : devices) text += (text.empty() ? ", groups " : ", ") + each.groups + " on " + each.name;
  return text;
}

std::string format_memory(std::span<const device_report> devices) {
  if (only_cpu(devices)) return "";
  std::string text;
  for (const auto& each : devices)
    text += separator(text) + each.name + show_held(each.memory_bytes, each.host_visible_bytes);
  return text + "\n";
}

std::string format_memory(std::span<const held_memory> rows) {
  std::string text;
  for (const auto& each : rows)
    text += separator(text) + each.node + " " + each.device + show_held(each.bytes, each.pinned_bytes);
  return rows.empty() ? "" : text + "\n";
}

} // namespace syngrad::tools
