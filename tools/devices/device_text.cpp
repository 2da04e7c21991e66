#include "tools/devices/device_text.hpp"

#include "tools/progress/text_table.hpp"

#include <array>

namespace syngrad::tools {

namespace {

bool only_cpu(std::span<const device_report> devices) {
  return devices.empty() || (devices.size() == 1 && devices.front().name == "cpu");
}

} // namespace

std::string show_bytes(std::uint64_t bytes) {
  static constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return show_real(value, 1) + " " + units[unit];
}

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
  for (const auto& each : devices) {
    text += (text.empty() ? "memory: " : "; ") + each.name + " " + show_bytes(each.memory_bytes);
    if (each.host_visible_bytes > 0) text += ", " + show_bytes(each.host_visible_bytes) + " pinned";
  }
  return text + "\n";
}

} // namespace syngrad::tools
