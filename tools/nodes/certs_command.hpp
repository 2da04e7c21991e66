// `syngrad certs DIR`: a private CA, and a certificate and a key for each node, as files that are copied to the nodes.
#pragma once

#include "tools/exit_code.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

exit_code run_certs(std::span<const std::string> arguments);

} // namespace syngrad::tools
