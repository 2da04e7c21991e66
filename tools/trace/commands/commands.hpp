// The commands of `syngrad trace`, each defined in the file of its name.
#pragma once

#include "tools/trace/trace_command.hpp"

namespace syngrad::tools {

extern const trace_command export_command;
extern const trace_command info_command;
extern const trace_command merge_command;
extern const trace_command recover_command;
extern const trace_command tail_command;

} // namespace syngrad::tools
