// `syngrad train`: from options to a trained network and a run folder.
#pragma once

#include "tools/exit_code.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

exit_code run_train(std::span<const std::string> arguments);

} // namespace syngrad::tools
