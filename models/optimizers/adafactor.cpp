// Adafactor (Shazeer and Stern, arXiv 1804.04235), as torch.optim.Adafactor has it: see operators::adafactor_step for
// the formula. Weight decay is decoupled. Holds of a matrix a mean of squares of each row and of each column, of other
// parameters the second moment of each element. What has more than two axes, such as filters, is a matrix of all that
// makes one output in a row.
#include "models/optimizers/optimizers.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad {

namespace {

class adafactor : public optimizer {
public:
  adafactor(stream&, const arena&, const optimizer_settings&);

  void step(stream&, arena&, arena_range, const optimizer_step&) override;
  step_numbers numbers_of(const optimizer_step&) const override;
  std::vector<tensor*> moments() override;
  std::vector<tensor> moments_of(const arena_range&) override;

private:
  // Of one parameter, views.
  struct means {
    tensor rows; // null where it is no matrix
    tensor columns;
  };

  void step_part(stream&, const step_arguments&, std::int64_t first, std::int64_t number) override;
  float rate_of(const optimizer_step&) const;

  optimizer_settings settings_;
  std::vector<arena_parameter> parameters_;
  std::vector<means> means_; // of each
  tensor all_;               // null where nothing is trained
};

adafactor::adafactor(stream& s, const arena& parameters, const optimizer_settings& settings)
  : optimizer(settings.weight_decay), settings_(settings),
    parameters_(parameters.parameters().begin(), parameters.parameters().end()) {
  std::int64_t elements = 0;
  for (const auto& each : parameters_) elements += (each.is_matrix ? padded(each.rows) : 0) + padded(each.columns);
  all_ = make_zero_vector(s, elements);
  std::int64_t first = 0;
  const auto next = [&](std::int64_t count) {
    auto out = all_.view(first, {count});
    first += padded(count);
    return out;
  };
  for (const auto& each : parameters_) {
    auto rows = each.is_matrix ? next(each.rows) : tensor();
    means_.push_back({std::move(rows), next(each.columns)});
  }
}

void adafactor::step(stream& s, arena& memory, arena_range range, const optimizer_step& now) {
  auto by = now;
  by.learning_rate = rate_of(now);
  auto each = std::ranges::lower_bound(parameters_, range.first, {}, &arena_parameter::first);
  for (; each != parameters_.end() && each->first < range.first + range.count; ++each) {
    auto value = memory.values().view(each->first, {each->rows, each->columns});
    const auto gradient = memory.gradients().view(each->first, {each->rows, each->columns});
    const auto decay = each->decays ? settings_.weight_decay : 0;
    step_part(s, arguments_of(value, gradient, decay, each->first - range.first, by), each->first, now.number);
  }
}

void adafactor::step_part(stream& s, const step_arguments& of, std::int64_t from, std::int64_t number) {
  const auto at = std::ranges::lower_bound(parameters_, from, {}, &arena_parameter::first) - parameters_.begin();
  auto& [rows, columns] = means_[static_cast<std::size_t>(at)];
  s.ops().adafactor_step(s, of, rows ? &rows : nullptr, columns, settings_.update_clip, number);
}

float adafactor::rate_of(const optimizer_step& now) const {
  if (!settings_.relative_steps || now.numbers) return now.learning_rate;
  return std::min(now.learning_rate, 1 / std::sqrt(static_cast<float>(now.number)));
}

step_numbers adafactor::numbers_of(const optimizer_step& now) const {
  auto by = now;
  by.learning_rate = rate_of(now);
  auto out = numbers_of_step(by);
  set_adafactor_numbers(out, settings_.weight_decay, now.number);
  return out;
}

std::vector<tensor*> adafactor::moments() {
  if (!all_) return {};
  return {&all_};
}

std::vector<tensor> adafactor::moments_of(const arena_range& layer) {
  std::vector<tensor> all;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].first < layer.first || parameters_[i].first >= layer.first + layer.count) continue;
    if (means_[i].rows) all.push_back(means_[i].rows);
    all.push_back(means_[i].columns);
  }
  return all;
}

} // namespace

std::unique_ptr<optimizer> make_adafactor(stream& s, const arena& parameters, const optimizer_settings& settings) {
  return std::make_unique<adafactor>(s, parameters, settings);
}

} // namespace syngrad
