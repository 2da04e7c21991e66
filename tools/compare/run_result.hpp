// What a run of a comparison has left in its folder: how it ended, what it reached and when, what it cost.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace syngrad::tools {

inline constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

struct run_result {
  enum class standing : std::uint8_t {
    missing,  // not begun
    partial,  // begun, and ended by something else than itself: to be made again
    failed,   // `why`
    finished, // as it was asked
    reached   // the target
  };

  // An evaluation.
  struct look {
    double trained_s = 0; // seconds of training before it; evaluations do not count
    double metric = no_number;
  };

  standing state = standing::missing;
  std::string why;
  std::string metric_name; // that judges: "error_percent"
  std::vector<look> looks; // in their order, the final one last

  // Of the run. NaN: not known, or there is no such thing.
  double trained_s = no_number, wall_s = no_number, steps = no_number, steps_per_s = no_number;
  double staleness = no_number; // updates between forward pass and gradient: mean over the groups
  double bytes_up = no_number, bytes_down = no_number; // a sample, over links
  double parameters = no_number, predictor_parameters = no_number;
  double multiply_adds = no_number, predictor_multiply_adds = no_number; // a step, of all groups
  double memory_bytes = no_number;                                       // most of the device's that was in use at once
  double processor_s = no_number, joules = no_number;                    // of the training

  bool is_made() const { return state != standing::missing && state != standing::partial; }
  bool has_numbers() const { return state == standing::finished || state == standing::reached; }
  double final_metric() const { return looks.empty() ? no_number : looks.back().metric; }
  double best_metric() const;
  // Seconds of training until an evaluation was at most `level`; NaN: none was.
  double time_to(double level) const;
};

// From the run's folder. Whatever is not there or cannot be read makes it partial.
run_result read_run_result(const std::string& folder);

// Where a failure of a run that has left no summary is kept; read_run_result() finds it.
status note_failure(const std::string& folder, const std::string& why);

} // namespace syngrad::tools
