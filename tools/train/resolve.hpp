// Turns options into a run that can start: fills in what was left open and checks them against each other, the model
// and the data. Errors name the option, what was expected and what to do.
#pragma once

#include "models/network.hpp"
#include "runtime/data/dataset.hpp"
#include "tools/train/train_options.hpp"

namespace syngrad::tools {

// What can be checked before any data is read: the model, its groups, and options that need each other.
result<network> resolve_model(train_options&, const option_reader&);

// The number of steps, and whether model and batches fit the data.
status resolve_data(train_options&, const network&, const dataset&);

// What an epoch is where samples are left over at its end, in one line; empty where none are, or the run ends before.
// After resolve_data().
std::string describe_epochs(const train_options&, const dataset&);

} // namespace syngrad::tools
