// The commands of `syngrad trace`, each defined in the file of its name.
#pragma once

#include "tools/trace/trace_command.hpp"

namespace syngrad::tools {

extern const trace_command check_command;
extern const trace_command follow_command;
extern const trace_command info_command;
extern const trace_command latency_command;
extern const trace_command queue_command;
extern const trace_command report_command;
extern const trace_command show_command;
extern const trace_command util_command;

} // namespace syngrad::tools
