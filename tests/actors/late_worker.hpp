// A thread that does the work of late devices, for runs on real threads.
#pragma once

#include "runtime/cpu/cpu_device.hpp"
#include "tests/support/late_device.hpp"

#include <thread>
#include <utility>
#include <vector>

namespace syngrad::test {

class late_worker {
public:
  // The devices outlive it, and their memory is not guarded.
  explicit late_worker(std::vector<late_device*> devices)
    : thread_([devices = std::move(devices)](const std::stop_token& asked) {
        configure_compute_thread();
        while (!asked.stop_requested()) {
          bool any = false;
          for (auto* each : devices) any = each->run_one() || any;
          if (!any) std::this_thread::yield();
        }
      }) {}

private:
  std::jthread thread_;
};

} // namespace syngrad::test
