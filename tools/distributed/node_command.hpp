// `syngrad node`: a process that takes part in the run of a coordinator.
#pragma once

#include "tools/exit_code.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

exit_code run_node(std::span<const std::string> arguments);

} // namespace syngrad::tools
