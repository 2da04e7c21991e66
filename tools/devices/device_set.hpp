// The devices of a run: each is made once, and lives until the set goes.
//
// Threads: made by one; counters may be read by any.
#pragma once

#include "actors/training.hpp"
#include "tools/devices/device_options.hpp"
#include "tools/devices/device_report.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace syngrad::tools {

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

} // namespace syngrad::tools
