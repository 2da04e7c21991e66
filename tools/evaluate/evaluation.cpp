#include "tools/evaluate/evaluation.hpp"

#include "actors/batch_source.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace syngrad::tools {

namespace {

double share(std::int64_t part, std::int64_t all) {
  return all == 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(part) / static_cast<double>(all);
}

// The likeliest class of each row, as far as classes have a name: a network may have more outputs.
void count_classes(const tensor& outputs, const tensor& labels, confusion_matrix& into) {
  for (std::int64_t row = 0; row < outputs.rows(); ++row) {
    const auto label = labels.i32()[row];
    if (label == no_label) continue;
    const auto* first = outputs.f32() + row * outputs.columns();
    into.add(label, static_cast<std::int32_t>(std::max_element(first, first + outputs.columns()) - first));
  }
}

} // namespace

double confusion_matrix::recall(std::int32_t of) const {
  std::int64_t all = 0;
  for (std::int32_t i = 0; i < classes_; ++i) all += count(of, i);
  return share(count(of, of), all);
}

double confusion_matrix::precision(std::int32_t of) const {
  std::int64_t all = 0;
  for (std::int32_t i = 0; i < classes_; ++i) all += count(i, of);
  return share(count(of, of), all);
}

result<evaluation> evaluate_network(stream& work, trained_network& net, const objective& judge, const dataset& data,
                                    std::span<const std::int64_t> samples, std::int64_t batch_size) {
  const bool has_classes = data.target.is_numbers() && !data.test.is_text();
  evaluation out;
  out.samples = static_cast<std::int64_t>(samples.size());
  if (has_classes) out.confusion = confusion_matrix(static_cast<std::int32_t>(net.output().features()));
  batch_source batches(work, data.test, data);
  net.begin_evaluation(work);
  auto left = make_tensor(work, {objective::numbers});
  for (std::size_t first = 0; first < samples.size(); first += static_cast<std::size_t>(batch_size)) {
    const auto count = std::min(samples.size() - first, static_cast<std::size_t>(batch_size));
    const auto made = batches.gather(samples.subspan(first, count));
    const auto outputs = net.forward(work, made.values.view(0, net.input().of(made.samples)));
    work.ops().fill(work, left, 0);
    judge.evaluate(work, outputs, made.targets, false, left);
    const auto numbers = brought_to_host(work, left);
    const auto seen = has_classes ? brought_to_host(work, outputs) : tensor();
    const auto labels = has_classes ? brought_to_host(work, made.targets) : tensor();
    work.owner().synchronize();
    const auto totals = totals_of({numbers.f32(), static_cast<std::size_t>(objective::numbers)}, made.terms);
    if (made.terms == 0) continue;
    if (!std::isfinite(totals.loss))
      return error::data("with these weights the network gives numbers that are not finite");
    out.totals.add(totals);
    if (has_classes) count_classes(seen, labels, out.confusion);
  }
  out.metrics = judge.values_of(out.totals);
  return out;
}

} // namespace syngrad::tools
