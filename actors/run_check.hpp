// What a run's settings must be, each by itself, with each other, with the network and with the data. Nothing
// else decides this, neither for the program's options nor for users of the library.
//
// A message begins with the name of the setting at fault, which is that of the option: "lag: expected ...".
#pragma once

#include "actors/settings.hpp"
#include "models/network.hpp"
#include "runtime/data/dataset.hpp"

namespace syngrad {

// The settings by themselves and with each other.
status check_settings(const training_settings&);

// Groups: whether the split (empty: one group) covers the network's units.
status check_split(const std::vector<int>& split, const network&);

// The network's input, its output, and the size of a batch against the data.
status check_data(const training_settings&, const network&, const dataset&);

// Training samples that are left beside --validation.
std::int64_t training_rows(const training_settings&, const dataset&);

// All of it, and whether the network's layers fit together; `data` null: it is in another process.
status check_run(const training_settings&, const network&, const dataset* data);

} // namespace syngrad
