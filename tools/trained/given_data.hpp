// Data that the network of a trained run is given: that of the run itself, or other data that is read by what the run
// has learned of its own.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/result.hpp"
#include "tools/trained/trained_run.hpp"

#include <string>

namespace syngrad::tools {

// Test samples that the network takes. `source`: as --data has it, or a file whose kind its name tells (.csv, .npz,
// .npy); empty: the run's own, whose test set it is. What the run's options say of columns and labels holds for it.
// Fails where the network does not take it, or the run's own data is another one now.
result<dataset> open_given_data(const trained_run&, const std::string& source, bool wants_targets);

} // namespace syngrad::tools
