// A short run in place of one that is only asked about: what it will hold, how long its steps take.
#pragma once

#include "actors/settings.hpp"
#include "models/network.hpp"
#include "runtime/data/dataset.hpp"

namespace syngrad {

// A few batches of zeros that fit the network, whose output that is.
dataset stand_in_for_data(const network&, const sample_spec& output, const training_settings&);

// As many steps as it takes until each group holds what it will hold, without evaluations, audits and what else comes
// now and then.
training_settings rehearsal_of(training_settings);

} // namespace syngrad
