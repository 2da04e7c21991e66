#include "actors/actor_system.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/process/process_limits.hpp"

#include <fmt/core.h>

namespace syngrad {

namespace {

class compute_thread_hook : public caf::thread_hook {
public:
  explicit compute_thread_hook(int intra_op) : intra_op_(intra_op) {}
  void init(caf::actor_system&) override {}
  void thread_started() override { configure_compute_thread(intra_op_); }
  void thread_terminates() override {}

private:
  int intra_op_;
};

std::unique_ptr<caf::actor_system_config> configure(int threads, int intra_op) {
  auto config = std::make_unique<caf::actor_system_config>();
  configure_threads(*config, threads, intra_op);
  return config;
}

} // namespace

void configure_threads(caf::actor_system_config& config, int threads, int intra_op) {
  // Sharing wakes a sleeping worker five times faster than the default, stealing.
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", static_cast<std::size_t>(threads));
  config.add_thread_hook<compute_thread_hook>(intra_op);
}

status check_actor_threads(int threads, int intra_op, int more) {
  constexpr int beside_workers = 2;                 // CAF's own: a clock, and one for output
  const int callers = threads + beside_workers + 1; // of operators; one is the program's
  const auto room = check_thread_room(threads + beside_workers + callers * (intra_op - 1) + more);
  if (room) return room;
  return error::resource(fmt::format("--threads {}{}: {}; use fewer, or have the limit raised", threads,
                                     intra_op > 1 ? " --intra-op " + std::to_string(intra_op) : "", room.message()));
}

owned_actor_system::owned_actor_system(int threads, int intra_op)
  : config_(configure(threads, intra_op)), system_(std::make_unique<caf::actor_system>(*config_)) {}

owned_actor_system::~owned_actor_system() = default;

} // namespace syngrad
