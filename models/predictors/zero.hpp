// Predicts that there is no gradient: groups below the top learn nothing from it (a decoupled weight decay still moves
// them). What others gain over this is what the lower groups have learnt.
#pragma once

#include "models/predictors/predictor_kind.hpp"

namespace syngrad {

extern const predictor_kind zero_kind;

} // namespace syngrad
