// Puts the parts of a checkpoint together as they come: from the source, from each group and from each predictor, whose
// part goes into that of its group.
//
// Plain values; belongs to the coordinator, on its thread.
#pragma once

#include "models/saved_state.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace syngrad {

class checkpoint_gathering {
public:
  // `parts` will come.
  explicit checkpoint_gathering(std::size_t parts) : missing_(parts) {}

  void begin(std::int64_t step) {
    run_ = std::make_shared<saved_run>();
    run_->step = step;
    left_ = missing_ + 1; // and the run's own words
  }
  void give_up() { run_ = nullptr; }
  bool is_of(std::int64_t step) const { return run_ && run_->step == step; }

  // Each is of the checkpoint that has begun.
  void add(saved_part part);
  void add_words(std::map<std::string, std::string> words) {
    run_->words = std::move(words);
    --left_;
  }
  // Of all parts, once they are there; else null.
  std::shared_ptr<const saved_run> complete();

private:
  std::size_t missing_, left_ = 0;
  std::shared_ptr<saved_run> run_; // null: none is under way
};

} // namespace syngrad
