// `syngrad nodes HOST:PORT`: asks a coordinator who is with it.
#pragma once

#include "tools/exit_code.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

exit_code run_nodes(std::span<const std::string> arguments);

} // namespace syngrad::tools
