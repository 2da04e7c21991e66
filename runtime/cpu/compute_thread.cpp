#include "runtime/cpu/cpu_device.hpp"

#include <omp.h>

#ifdef __SSE2__
#include <xmmintrin.h>
#endif

namespace syngrad {

namespace {

void flush_denormals() {
#ifdef __SSE2__
  constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
  _mm_setcsr(_mm_getcsr() | flush_to_zero | denormals_are_zero);
#endif
}

} // namespace

void configure_compute_thread(int intra_op) {
  flush_denormals();
  // oneDNN runs on OpenMP: without this, every thread that calls it would open a team of its own of all processors.
  omp_set_num_threads(intra_op);
  if (intra_op > 1) {
#pragma omp parallel
    flush_denormals();
  }
}

} // namespace syngrad
