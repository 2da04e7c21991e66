// The addresses of this machine.
#pragma once

#include <string>
#include <vector>

namespace syngrad {

// Whether `host` (a name or an address) leads to an address that a process here can listen at. Resolves a name, which
// may take a while. False where it cannot be resolved.
bool is_own_address(const std::string& host);

// Where other machines may find a process that listens at `listening` (numeric): that address, or, of 0.0.0.0 and ::,
// the machine's own that are not loopback or of one cable only, the one that the way to elsewhere begins at first.
// Empty where there is none. Nothing is sent.
std::vector<std::string> reachable_addresses(const std::string& listening);

} // namespace syngrad
