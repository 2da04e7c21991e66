// What `syngrad memory` prints: what each group of a run will hold, in the words of summary.json.
#pragma once

#include "actors/planned_memory.hpp"

#include <string>

namespace syngrad::tools {

// A row a group, and what the whole run holds. `limit`: the option that bounds what is in flight.
std::string format_memory_table(const planned_memory&, const std::string& limit);
// Keys: most_bytes_in_use (of the whole run at once, with the batches in flight of a deterministic one), at_most_bytes
// (with as many as credits let in), data_bytes, sample_bytes, workspace_bytes, and groups, one object each: units,
// weight_bytes, gradient_bytes, moment_bytes, predictor_bytes, in_flight, cache_bytes, most_in_flight,
// most_cache_bytes.
std::string format_memory_json(const planned_memory&);
// A line a group with the same names, then `data`, `samples`, `workspace`, `at once` and `at most`, of which only the
// last column is filled in.
std::string format_memory_csv(const planned_memory&);

} // namespace syngrad::tools
