#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/host_stream.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::cpu {

namespace {

struct row_result {
  float loss;
  bool wrong;
};

// loss = log(sum exp(x - max)) - (x[label] - max), where smoothing puts the target's mean of x in place of x[label]. A
// row with a NaN or +Inf has a NaN loss, and counts as wrong.
row_result cross_entropy_row(const float* logits, std::int64_t classes, std::int32_t label, float smoothing,
                             float* gradient) {
  assert(label >= 0 && label < classes && "a label is outside the logits");
  const auto largest = std::max_element(logits, logits + classes);
  float sum = 0;
  for (std::int64_t k = 0; k < classes; ++k) {
    const auto exponential = std::exp(logits[k] - *largest);
    sum += exponential;
    if (gradient) gradient[k] = exponential;
  }
  auto at_target = logits[label] - *largest;
  const auto each = smoothing / static_cast<float>(classes);
  if (smoothing != 0) {
    at_target *= 1 - smoothing;
    for (std::int64_t k = 0; k < classes; ++k) at_target += each * (logits[k] - *largest);
  }
  const auto loss = std::log(sum) - at_target;
  if (gradient) {
    const auto normaliser = 1.0f / sum;
    for (std::int64_t k = 0; k < classes; ++k) gradient[k] = gradient[k] * normaliser - each;
    gradient[label] -= 1 - smoothing;
  }
  return {loss, std::isnan(loss) || largest - logits != label};
}

} // namespace

void cpu_operators::softmax_cross_entropy(stream& s, const cross_entropy_arguments& of) {
  const auto rows = of.logits.rows(), classes = of.logits.columns();
  assert(of.labels.elements() == rows && of.result.elements() == 2 && rows > 0);
  float* out = of.gradient ? of.gradient->f32() : nullptr;
  host(s).launch(
    [=, in = of.logits.f32(), row_labels = of.labels.i32(), totals = of.result.f32(), smoothing = of.smoothing] {
      double loss = 0;
      std::int64_t wrong = 0, labelled = 0;
      for (std::int64_t r = 0; r < rows; ++r) {
        auto* const row_gradient = out ? out + r * classes : nullptr;
        if (row_labels[r] == no_label) {
          if (row_gradient) std::fill_n(row_gradient, classes, 0.0f);
          continue;
        }
        const auto row = cross_entropy_row(in + r * classes, classes, row_labels[r], smoothing, row_gradient);
        loss += static_cast<double>(row.loss);
        wrong += row.wrong;
        ++labelled;
      }
      totals[0] = labelled ? static_cast<float>(loss / static_cast<double>(labelled)) : 0.0f;
      totals[1] = static_cast<float>(wrong);
    });
}

} // namespace syngrad::cpu
