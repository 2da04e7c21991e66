#include "models/synthetic_gradient_model.hpp"

#include "models/predictors/local_head_predictor.hpp"
#include "models/predictors/network_predictor.hpp"
#include "models/predictors/ridge.hpp"
#include "models/predictors/zero.hpp"
#include "models/state_archive.hpp"
#include "models/tensors.hpp"
#include "runtime/operators.hpp"
#include "runtime/text.hpp"

#include <cmath>
#include <functional>

namespace syngrad {

namespace {

constexpr const predictor_kind* predictor_kinds[] = {
  &ridge_kind, &exit_kind, &head_kind, &linear_kind, &lowrank_kind, &mlp_kind, &zero_kind,
};

// What is recorded, by name.
constexpr std::uint64_t predicting = 1, training = 2, training_on_chosen = 3;

struct parsed_kind {
  const predictor_kind* kind;
  std::string_view argument;
};

error malformed_predictor(const std::string& text, const std::string& why) {
  return {error_kind::setting, "synthetic-gradient model " + quoted(text) + ": " + why + "; known are " +
                                 join_text(predictor_kinds, ", ", &predictor_kind::syntax)};
}

result<parsed_kind> parse_kind(const std::string& text) {
  const std::string_view whole = text;
  const auto colon = whole.find(':');
  const auto name = whole.substr(0, colon);
  const auto argument = colon == std::string_view::npos ? std::string_view() : whole.substr(colon + 1);
  for (const auto* kind : predictor_kinds) {
    if (kind->name != name) continue;
    if (colon != std::string_view::npos && argument.empty())
      return malformed_predictor(text, "nothing follows the ':'");
    if (const auto checked = kind->check(argument); !checked) return malformed_predictor(text, checked.message());
    return parsed_kind{kind, argument};
  }
  return malformed_predictor(text, "unknown kind");
}

predictor_request request_of(const synthetic_gradient_settings& settings, const parsed_kind& parsed,
                             predictor_task task) {
  if (!settings.labels) task.classes = 0;
  return {settings, parsed.argument, task};
}

status check_task(const predictor_request& request, const predictor_kind& kind) {
  const auto refused = [&](const std::string& why) {
    return error::setting("synthetic-gradient model " + quoted(request.settings.kind) + ": " + why);
  };
  const auto& task = request.task;
  if (task.classes == 0) {
    if (kind.needs.labels) return refused("it learns from labels, and there are none");
    return ok();
  }
  if (task.labels == 1 || task.has_label_for_each_row()) return ok();
  return refused("a sample has " + std::to_string(task.labels) + " labels and " +
                 std::to_string(task.activation.rows()) +
                 " rows of activations; it takes one label, or one for each row");
}

} // namespace

tensor synthetic_gradient_model::predict(stream& s, const tensor& h, const tensor& labels) {
  count(static_cast<double>(h.rows()) * predict_multiply_adds());
  tensor prediction;
  const auto work = [&] {
    const auto now = seen(s, {h, labels, {}, {}});
    prediction = shaped_as(enqueue_predict(s, now.h, now.labels), h.extents());
  };
  if (!recordings_) {
    work();
    return prediction;
  }
  tensor* const output = &prediction;
  recordings_->run(s, {predicting, stage()}, {&h, &labels}, {&output, 1}, std::ref(work));
  return prediction;
}

void synthetic_gradient_model::train(stream& s, const tensor& h, const tensor& labels, const tensor& target, float rate,
                                     const training_samples* only) {
  const auto positions = task_.activation.rows(), rows_of_sample = maps_rows() ? positions : 1;
  const auto all = h.rows() / positions * rows_of_sample;
  const auto given = only ? only->numbers.elements() * rows_of_sample : all;
  const bool chooses = most_rows_ > 0 && given > most_rows_;
  if (chooses) choose_rows(s, given);
  const auto rows = chooses ? most_rows_ : given;
  prepare_training(s, rows, static_cast<double>(rows) / static_cast<double>(all), rate);
  ++trainings_;
  count(static_cast<double>(rows * (positions / rows_of_sample)) * train_multiply_adds());
  const tensor none;
  const auto& numbers = only ? only->numbers : none;
  const auto& weights = only && only->weights ? *only->weights : none;
  const auto work = [&] {
    batch now{h, labels, target, weights};
    if (only) now = samples_of(s, now, numbers);
    now = seen(s, now);
    if (chooses) now = chosen(s, now);
    enqueue_train(s, now);
  };
  if (!recordings_) return work();
  recordings_->run(s, {chooses ? training_on_chosen : training, stage()}, {&h, &labels, &target, &numbers, &weights},
                   {}, std::ref(work));
}

tensor synthetic_gradient_model::weighted(stream& s, const tensor& x, const batch& of) {
  if (!of.weights) return x;
  auto out = make_tensor(s, x.extents());
  s.ops().scale_rows(s, x, of.weights, out);
  return out;
}

float synthetic_gradient_model::forget_of(float whole, double share) {
  return share == 1 ? whole : static_cast<float>(std::pow(static_cast<double>(whole), share));
}

void synthetic_gradient_model::train_on_rows(std::int64_t most, std::uint64_t seed) {
  assert(most >= 0 && !indices_);
  most_rows_ = maps_rows() ? most : (most + task_.activation.rows() - 1) / task_.activation.rows();
  seed_ = seed;
}

learned_state synthetic_gradient_model::learned() {
  auto all = learned_by_kind();
  all.counters.push_back(&trainings_);
  return all;
}

void synthetic_gradient_model::keep(state_archive& of) {
  of.learned(learned());
  auto done = multiply_adds_done();
  of.word("multiply_adds", done);
  done_.store(done, std::memory_order_relaxed);
}

namespace {

// Rows of `all`, whatever its shape, each of so many elements; null stays null.
tensor rows_of(stream& s, const tensor& all, const tensor& numbers, std::int64_t columns) {
  if (!all) return all;
  const auto rows = all.elements() / columns;
  auto part = make_tensor(s, {numbers.elements(), columns}, all.type());
  if (all.type() == dtype::i32)
    s.ops().gather_labels(s, all.view(0, {rows, columns}), numbers, part);
  else
    s.ops().gather_rows(s, all.view(0, {rows, columns}), numbers, 1, part);
  return part;
}

} // namespace

// What is of all samples becomes that of these; target and weights are so already.
synthetic_gradient_model::batch synthetic_gradient_model::samples_of(stream& s, const batch& from,
                                                                     const tensor& numbers) const {
  const auto count = numbers.elements();
  auto h = rows_of(s, from.h, numbers, task_.activation.elements());
  h = h.view(0, {count * task_.activation.rows(), task_.activation.features()});
  auto labels = task_.classes > 0 ? rows_of(s, from.labels, numbers, task_.labels) : tensor();
  return {std::move(h), shaped_as(labels, {count * task_.labels}), from.target, from.weights};
}

synthetic_gradient_model::batch synthetic_gradient_model::seen(stream& s, const batch& from) const {
  const auto positions = task_.activation.rows();
  if (!maps_rows()) {
    const shape samples{from.h.rows() / positions, task_.activation.elements()};
    return {shaped_as(from.h, samples), from.labels, shaped_as(from.target, samples), from.weights};
  }
  const auto rows = from.h.rows();
  auto out = from;
  if (task_.classes > 0 && from.labels.elements() != rows) {
    out.labels = make_tensor(s, {rows}, dtype::i32);
    s.ops().repeat_labels(s, from.labels, positions, out.labels);
  }
  if (from.weights && from.weights.elements() != rows) {
    auto ones = make_tensor(s, {rows, 1});
    s.ops().fill(s, ones, 1);
    out.weights = make_tensor(s, {rows});
    auto by_sample = out.weights.view(0, {rows / positions, positions});
    s.ops().matmul(s, {.a = from.weights.view(0, {rows / positions, 1}),
                       .transpose_a = transpose::no,
                       .b = ones.view(0, {1, positions}),
                       .transpose_b = transpose::no,
                       .c = by_sample});
  }
  return out;
}

// One of each of as many equal parts: no row twice, and drawn in one pass.
void synthetic_gradient_model::choose_rows(stream& s, std::int64_t of) {
  random_source random(seed_, static_cast<std::uint64_t>(trainings_));
  choice_.resize(static_cast<std::size_t>(most_rows_));
  for (std::int64_t i = 0; i < most_rows_; ++i) {
    const auto begin = i * of / most_rows_, end = (i + 1) * of / most_rows_;
    choice_[static_cast<std::size_t>(i)] =
      static_cast<std::int32_t>(begin + random.below(static_cast<std::uint32_t>(end - begin)));
  }
  if (!indices_) indices_ = make_tensor(s, {most_rows_}, dtype::i32);
  s.ops().upload(s, choice_.data(), indices_);
}

synthetic_gradient_model::batch synthetic_gradient_model::chosen(stream& s, const batch& from) const {
  const auto columns = from.h.columns();
  return {rows_of(s, from.h, indices_, columns), task_.classes > 0 ? rows_of(s, from.labels, indices_, 1) : tensor(),
          rows_of(s, from.target, indices_, columns), rows_of(s, from.weights, indices_, 1)};
}

predictor_needs needs_of_synthetic_gradient_kind(const std::string& kind) {
  return parse_kind(kind).value().kind->needs;
}

status check_synthetic_gradient_kind(const std::string& kind) {
  if (const auto parsed = parse_kind(kind); !parsed) return parsed.failure();
  return ok();
}

result<synthetic_gradient_size> size_of_synthetic_gradient_model(const synthetic_gradient_settings& settings,
                                                                 const predictor_task& task) {
  const auto parsed = parse_kind(settings.kind);
  if (!parsed) return parsed.failure();
  const auto request = request_of(settings, *parsed, task);
  if (const auto able = check_task(request, *parsed->kind); !able) return able.failure();
  return parsed->kind->size_of(request);
}

result<std::unique_ptr<synthetic_gradient_model>>
make_synthetic_gradient_model(stream& owner, const synthetic_gradient_settings& settings, const predictor_task& task,
                              random_source& random) {
  const auto parsed = parse_kind(settings.kind);
  if (!parsed) return parsed.failure();
  if (const auto checked = check_optimizer(settings.optimizer); !checked) return checked.failure();
  const auto request = request_of(settings, *parsed, task);
  if (const auto able = check_task(request, *parsed->kind); !able) return able.failure();
  auto made = parsed->kind->make(request, owner, random);
  if (settings.rows > 0) made->train_on_rows(settings.rows, random.bits());
  return made;
}

} // namespace syngrad
