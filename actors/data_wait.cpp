#include "actors/data_wait.hpp"

namespace syngrad {

std::string what_makes_data_faster(const sample_set& samples, bool augmented) {
  if (!samples.files.empty())
    return augmented ? "images nearer to their size, a faster disk or no --augment take less"
                     : "images nearer to their size or a faster disk take less";
  if (samples.is_text()) return "a faster disk, or a copy of the file in memory (/dev/shm), takes less";
  return "no --augment takes less";
}

} // namespace syngrad
