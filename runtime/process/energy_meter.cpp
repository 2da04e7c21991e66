#include "runtime/process/energy_meter.hpp"

#include <filesystem>
#include <fstream>

namespace syngrad {

namespace {

namespace fs = std::filesystem;

std::optional<double> number_in_file(const fs::path& path) {
  std::ifstream file(path);
  double value = 0;
  return file >> value ? std::optional(value) : std::nullopt;
}

std::string name_of_zone(const fs::path& zone) {
  std::ifstream file(zone / "name");
  std::string name;
  file >> name;
  return name;
}

} // namespace

// Zones within a package ("core", "dram") are folders of their own, and of names of their own.
energy_meter::energy_meter(const std::string& root) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(root + "/sys/class/powercap", none)) {
    const auto& zone = entry.path();
    if (!name_of_zone(zone).starts_with("package")) continue;
    const auto range = number_in_file(zone / "max_energy_range_uj");
    const auto counter = zone / "energy_uj";
    if (range && number_in_file(counter)) packages_.push_back({counter.string(), *range, 0});
  }
}

void energy_meter::begin() {
  microjoules_ = 0;
  for (auto& each : packages_) each.last = number_in_file(each.counter).value_or(0);
}

void energy_meter::look() {
  for (auto& each : packages_) {
    const auto now = number_in_file(each.counter);
    if (!now) continue;
    microjoules_ += *now >= each.last ? *now - each.last : *now + each.range - each.last;
    each.last = *now;
  }
}

std::optional<double> energy_meter::joules() {
  if (packages_.empty()) return std::nullopt;
  look();
  return microjoules_ * 1e-6;
}

} // namespace syngrad
