// `syngrad devices`: what can be computed on here, and why something cannot.
#pragma once

#include "tools/exit_code.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

exit_code run_devices(std::span<const std::string> arguments);

} // namespace syngrad::tools
