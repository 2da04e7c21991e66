// What the devices of a run hold at its end, and how that is said. Nothing is said of a run that is on one CPU alone.
#pragma once

#include "actors/summary.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

struct device_report {
  std::string name;
  std::string groups;                   // "0-2,4"
  std::uint64_t memory_bytes = 0;       // of its own memory
  std::uint64_t host_visible_bytes = 0; // pinned; 0 where its own memory is the host's
  std::uint64_t allocations = 0;        // times that either was taken from the system
};

// "", ", on cuda:0", or ", groups 0-2 on cuda:0, 3 on cpu": the end of a sentence.
std::string format_devices(std::span<const device_report>);

// "memory: cuda:0 1.2 GiB, 64.0 MiB pinned; cpu 15.2 MiB" and a line break, or nothing.
std::string format_memory(std::span<const device_report>);

// "memory: coordinator cpu 1.2 MiB; a cuda:0 1.2 GiB, 64.0 MiB pinned" and a line break; nothing without rows.
std::string format_memory(std::span<const held_memory>);

} // namespace syngrad::tools
