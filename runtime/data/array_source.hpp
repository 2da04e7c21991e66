// Arrays from Python as data sets: x [samples, ...] and y [samples, ...], and x_test and y_test where there are any.
//
//   npz:FILE                     numpy.savez(FILE, x=..., y=...) or savez_compressed
//   npy:X,Y[,X_TEST,Y_TEST]      a file an array, numpy.save
//
// Inputs keep their shape. Bytes are images: they become 0..1. Other numbers stay what they are; for a network of
// tokens whole ones are tokens. Targets are labels or values, as the objective takes them. Where a network that is
// trained already is given the arrays, the last pair of x and y are test samples, and y may be missing where targets
// are not wanted.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/data/label_numbering.hpp"
#include "runtime/data/learned_data.hpp"
#include "runtime/data/row_split.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syngrad {

struct array_settings {
  bool takes_tokens = false;                          // the network does
  bool takes_values = false;                          // the objective does: else labels
  double test_fraction = usual_test_fraction_of_rows; // where there is no test set: of the rows, drawn by `seed`
  std::uint64_t seed = 1;
  std::optional<label_rule> labels;
};

result<dataset> load_npz(const std::string& file, const array_settings&);
// Two files or four, with commas between.
result<dataset> load_npy(const std::string& files, const array_settings&);

result<dataset> load_npz_as_learned(const std::string& file, const learned_data&);
result<dataset> load_npy_as_learned(const std::string& files, const learned_data&);

} // namespace syngrad
