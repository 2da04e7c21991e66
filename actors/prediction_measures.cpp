#include "actors/prediction_measures.hpp"

#include "runtime/operators.hpp"

namespace syngrad {

void prediction_measures::against_received(batch_record& record, const tensor& prediction, const tensor& received) {
  auto& work = parts_.work();
  auto numbers = record.measured(measure::agreement, 3);
  work.ops().agreement(work, prediction, received, numbers);
  record.agreement_measured = true;
  if (!can_.judges_predictions) return;
  missed_sum(record, prediction, received, measure::missed_sum);
  record.rows_measured = received.rows();
  if (parts_.setup.deterministic) to_tell_.expect(record.batch, turn_);
}

void prediction_measures::against_truth(batch_record& record, const tensor& truth) {
  if (!record.prediction || record.audit_measured) return;
  auto& work = parts_.work();
  auto agreement = record.measured(measure::audit, 3);
  work.ops().agreement(work, record.prediction, truth, agreement);
  missed_sum(record, record.prediction, truth, measure::bias);
  record.audit_measured = true;
}

void prediction_measures::missed_sum(batch_record& record, const tensor& prediction, const tensor& received,
                                     std::int64_t at) const {
  auto& work = parts_.work();
  auto sum = make_tensor(work, {received.columns()});
  auto missed = make_tensor(work, prediction.extents());
  work.ops().subtract(work, prediction, received, missed);
  work.ops().sum_rows(work, missed, 0, sum);
  auto squared = record.measured(at, 1);
  work.ops().sum_squares(work, sum, squared);
}

void prediction_measures::are_there(const batch_record& record) {
  if (!can_.judges_predictions) return;
  const float* numbers = record.numbers.f32();
  const float* agreement = numbers + measure::agreement;
  const auto what =
    measure_of(agreement[0], agreement[1], agreement[2], numbers[measure::missed_sum], record.rows_measured);
  if (parts_.setup.deterministic)
    to_tell_.known(record.batch, what);
  else if (what)
    policy().on_measured(*what);
}

} // namespace syngrad
