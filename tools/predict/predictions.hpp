// What a network says of samples, and the file that it goes to.
//
//   csv: a header, and a line a sample
//        of classes: [file,] class, p_NAME of each class       of values: the names of the run's columns, or value_0,
//        ...
//   npy: numpy's form, samples first
//        of classes: their probabilities f32 [samples, positions..., classes], or their numbers i64 [samples,
//        positions...]; of values: f32 [samples, ...]
#pragma once

#include "models/trained_network.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/io/output_file.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

struct prediction_form {
  enum class content { both, classes, probabilities };

  bool as_npy = false;                  // else csv
  content give = content::both;         // of classes; npy has no both: probabilities
  std::int32_t classes = 0;             // 0: values
  std::vector<std::string> class_names; // empty: numbers
  std::vector<std::string> value_names; // empty: numbered
};

// Whether the form can hold what the network gives: a line of csv is of one position.
status check_form(const prediction_form&, const sample_spec& output);

// Of all test samples, in their order. Fails where outputs are not finite; a failure to write is the file's.
status write_predictions(stream&, trained_network&, const dataset&, const prediction_form&, std::int64_t batch_size,
                         output_file&);

} // namespace syngrad::tools
