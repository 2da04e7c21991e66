// Why this process cannot listen at an address: tried once more, because CAF does not say.
#pragma once

#include "actors/nodes/endpoint.hpp"

namespace syngrad {

// A line with the remedy, without the address.
std::string listening_fault(const endpoint&);

} // namespace syngrad
