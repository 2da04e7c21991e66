#include "tools/bench/bench_command.hpp"
#include "tools/devices/devices_command.hpp"
#include "tools/distributed/node_command.hpp"
#include "tools/nodes/certs_command.hpp"
#include "tools/nodes/nodes_command.hpp"
#include "tools/subcommand.hpp"
#include "tools/trace/run_trace.hpp"
#include "tools/train/train_command.hpp"

#include <array>
#include <iostream>

namespace syngrad::tools {

namespace {

exit_code end_command(const std::string& name, const std::string& message, exit_code code) {
  std::cerr << "syngrad " << name << ": " << message << '\n';
  return code;
}

} // namespace

exit_code refuse_command(const std::string& name, const std::string& message) {
  return end_command(name, message, exit_code::bad_usage);
}

exit_code fail_command(const std::string& name, const std::string& message) {
  return end_command(name, message, exit_code::failed);
}

std::span<const subcommand> subcommands() {
  static constexpr std::array registry{
    subcommand{"train", "train a network whose layer groups do not wait for each other", run_train},
    subcommand{"node", "take part in a run that another process coordinates", run_node},
    subcommand{"trace", "inspect the messages of a run: who waited for whom, how good the gradients were", run_trace},
    subcommand{"devices", "list what can be computed on, and why something cannot", run_devices},
    subcommand{"nodes", "show which processes take part in a run, and how they are connected", run_nodes},
    subcommand{"certs", "make a private certificate authority and certificates for the nodes of a cluster", run_certs},
    subcommand{"bench", "measure how fast the runtime is on this machine", run_bench},
  };
  return registry;
}

} // namespace syngrad::tools
