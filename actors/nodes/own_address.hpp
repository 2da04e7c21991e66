// Whether a host is this machine.
#pragma once

#include <string>

namespace syngrad {

// Whether `host` (a name or an address) leads to an address that a process here can listen at. Resolves a name, which
// may take a while. False where it cannot be resolved.
bool is_own_address(const std::string& host);

} // namespace syngrad
