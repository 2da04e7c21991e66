// Says before a run begins what it may hold in memory, and refuses one that cannot fit.
#pragma once

#include "actors/memory_needs.hpp"
#include "runtime/process/process_limits.hpp"
#include "runtime/result.hpp"
#include "tools/train/train_options.hpp"

#include <string>

namespace syngrad::tools {

// Of a run on this process's CPU; `options` are resolved. A line for the user, empty where there is nothing worth one:
// batches in flight may take a good part of the memory that is there. Fails where not even what surely is needed fits;
// the message names the options.
result<std::string> check_memory(const train_options& options, const network&, const memory_room&);

} // namespace syngrad::tools
