#include "tools/trace/trace_command.hpp"

#include "tools/trace/commands/commands.hpp"

#include <array>

namespace syngrad::tools {

std::span<const trace_command* const> trace_commands() {
  static constexpr std::array registry{
    &info_command,    &check_command, &show_command, &follow_command,    &util_command,
    &latency_command, &queue_command, &path_command, &staleness_command, &gradients_command,
    &bytes_command,   &locks_command, &why_command,  &diff_command,      &report_command,
    &export_command,  &merge_command, &tail_command, &recover_command,
  };
  return registry;
}

} // namespace syngrad::tools
