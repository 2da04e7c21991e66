// `syngrad bench`: how fast the runtime is on this machine.
#pragma once

#include "tools/exit_code.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

exit_code run_bench(std::span<const std::string> arguments);

} // namespace syngrad::tools
