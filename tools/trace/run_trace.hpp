// `syngrad trace COMMAND RUN...`: finds the command, opens its runs, and shows its answer.
#pragma once

#include "tools/exit_code.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

exit_code run_trace(std::span<const std::string> arguments);

} // namespace syngrad::tools
