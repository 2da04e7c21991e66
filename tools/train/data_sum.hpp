// A sum over all that a run reads of its data, by which a run that goes on knows that it is the same.
#pragma once

#include "runtime/data/dataset.hpp"

#include <string>

namespace syngrad::tools {

// XXH3 of shapes, samples, targets and names, as hexadecimal digits. Of images that are read later the names of their
// files; of a text of more than 2^26 tokens its size, and the beginning, the middle and the end.
std::string data_sum_of(const dataset&);

} // namespace syngrad::tools
