#include "tools/devices/device_report.hpp"

#include "runtime/text.hpp"

namespace syngrad::tools {

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
