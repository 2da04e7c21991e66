// Turns options into a run that can start: fills in what was left open and checks them against each other, the model
// and the data. Errors name the option, what was expected and what to do.
#pragma once

#include "models/network.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/process/process_limits.hpp"
#include "tools/train/train_options.hpp"

namespace syngrad::tools {

// What can be checked before any data is read: the model, its groups, and options that need each other.
result<network> resolve_model(train_options&, const option_reader&);

// What the model leaves to the data (its text and the network are completed), the number of steps, and whether model
// and batches fit the data.
status resolve_data(train_options&, network&, const dataset&);

// Says before a run begins what it may hold in memory, and refuses one that cannot fit. Of a run on this process's CPU,
// after resolve_data(). A line for the user, empty where there is nothing worth one: batches in flight may take a good
// part of the memory that is there. Fails where not even what surely is needed fits; the message names the options.
result<std::string> check_memory(const train_options&, const network&, const memory_room&);

// What an epoch is where samples are left over at its end, in one line; empty where none are, or the run ends before.
// After resolve_data().
std::string describe_epochs(const train_options&, const dataset&);

} // namespace syngrad::tools
