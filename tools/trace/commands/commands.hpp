// The commands of `syngrad trace`, each defined in the file of its name.
#pragma once

#include "tools/trace/trace_command.hpp"

namespace syngrad::tools {

extern const trace_command bytes_command;
extern const trace_command check_command;
extern const trace_command diff_command;
extern const trace_command export_command;
extern const trace_command follow_command;
extern const trace_command gradients_command;
extern const trace_command info_command;
extern const trace_command latency_command;
extern const trace_command locks_command;
extern const trace_command merge_command;
extern const trace_command path_command;
extern const trace_command queue_command;
extern const trace_command recover_command;
extern const trace_command report_command;
extern const trace_command show_command;
extern const trace_command staleness_command;
extern const trace_command tail_command;
extern const trace_command util_command;
extern const trace_command why_command;

} // namespace syngrad::tools
