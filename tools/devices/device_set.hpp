// The devices of a run: each is made once, and lives until the set goes. What they hold at its end, and how that is
// said; nothing is said of a run that is on one CPU alone.
//
// Threads: made by one; counters may be read by any.
#pragma once

#include "actors/summary.hpp"
#include "actors/training.hpp"
#include "tools/devices/device_options.hpp"

#include <cstdint>
#include <map>
#include <memory>
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

class device_set {
public:
  // Makes each device that is named, for the groups in their order. Batches are made where the lowest group is. Fails
  // where a device is not there or cannot be used; the message says which and why.
  static result<device_set> make(const std::vector<device_name>& of_groups, const cuda_options&);

  device_places places() const;
  std::vector<device_report> report() const; // in the order of their lowest groups
  // Leaves the devices alive for as long as the process, and the set empty: of a run that hung, whose actors may still
  // work on them.
  void abandon();

private:
  std::vector<std::string> of_groups_;
  std::map<std::string, std::unique_ptr<device>> devices_;
};

// "", ", on cuda:0", or ", groups 0-2 on cuda:0, 3 on cpu": the end of a sentence.
std::string format_devices(std::span<const device_report>);

// "memory: cuda:0 1.2 GiB, 64.0 MiB pinned; cpu 15.2 MiB" and a line break, or nothing.
std::string format_memory(std::span<const device_report>);

// "memory: coordinator cpu 1.2 MiB; a cuda:0 1.2 GiB, 64.0 MiB pinned" and a line break; nothing without rows.
std::string format_memory(std::span<const held_memory>);

} // namespace syngrad::tools
