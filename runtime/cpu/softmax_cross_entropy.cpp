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

// loss = log(sum exp(x - max)) - (x[label] - max). A row with a NaN or +Inf has a NaN loss, and counts as wrong.
row_result cross_entropy_row(const float* logits, std::int64_t classes, std::int32_t label, float* gradient) {
  assert(label >= 0 && label < classes && "a label is outside the logits");
  const auto largest = std::max_element(logits, logits + classes);
  float sum = 0;
  for (std::int64_t k = 0; k < classes; ++k) {
    const auto exponential = std::exp(logits[k] - *largest);
    sum += exponential;
    if (gradient) gradient[k] = exponential;
  }
  const auto loss = std::log(sum) - (logits[label] - *largest);
  if (gradient) {
    const auto normaliser = 1.0f / sum;
    for (std::int64_t k = 0; k < classes; ++k) gradient[k] *= normaliser;
    gradient[label] -= 1;
  }
  return {loss, std::isnan(loss) || largest - logits != label};
}

} // namespace

void cpu_operators::softmax_cross_entropy(stream& s, const tensor& logits, const tensor& labels, tensor* gradient,
                                          tensor& result) {
  const auto rows = logits.rows(), classes = logits.columns();
  assert(labels.elements() == rows && result.elements() == 2 && rows > 0);
  float* out = gradient ? gradient->f32() : nullptr;
  host(s).launch([=, in = logits.f32(), row_labels = labels.i32(), totals = result.f32()] {
    double loss = 0;
    std::int64_t wrong = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
      const auto row = cross_entropy_row(in + r * classes, classes, row_labels[r], out ? out + r * classes : nullptr);
      loss += static_cast<double>(row.loss);
      wrong += row.wrong;
    }
    totals[0] = static_cast<float>(loss / static_cast<double>(rows));
    totals[1] = static_cast<float>(wrong);
  });
}

} // namespace syngrad::cpu
