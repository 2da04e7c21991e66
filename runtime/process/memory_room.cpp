#include "runtime/process/memory_room.hpp"

#include "runtime/process/control_groups.hpp"

#include <algorithm>
#include <fstream>

namespace syngrad {

namespace {

// The number after `name` in a file of lines with a name, blanks and a number each.
std::optional<std::int64_t> number_after(const std::string& name, const std::string& path) {
  std::ifstream file(path);
  std::int64_t number = 0;
  for (std::string each; file >> each >> number; file.ignore(1000, '\n'))
    if (each == name) return number;
  return std::nullopt;
}

std::optional<std::int64_t> room_in(const control_group& group) {
  const bool unified = group.version == 2;
  const auto most = limit_in(read_of(group, unified ? "memory.max" : "memory.limit_in_bytes"));
  const auto used = limit_in(read_of(group, unified ? "memory.current" : "memory.usage_in_bytes"));
  if (!most || !used) return std::nullopt;
  const auto cached =
    number_after(unified ? "inactive_file" : "total_inactive_file", group.folder + "/memory.stat").value_or(0);
  return std::max<std::int64_t>(0, *most - std::max<std::int64_t>(0, *used - cached));
}

} // namespace

std::optional<memory_room> find_memory_room(const std::string& root) {
  const auto kib = number_after("MemAvailable:", root + "/proc/meminfo");
  if (!kib) return std::nullopt;
  memory_room out{static_cast<std::uint64_t>(std::max<std::int64_t>(0, *kib)) << 10, ""};
  for (const auto& group : find_control_groups("memory", root))
    if (const auto room = room_in(group); room && static_cast<std::uint64_t>(*room) < out.bytes)
      out = {static_cast<std::uint64_t>(*room), group.folder};
  return out;
}

} // namespace syngrad
