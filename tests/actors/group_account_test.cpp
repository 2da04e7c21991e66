// What a group reports of how it trains, from numbers that a batch left.
#include "actors/group_account.hpp"

#include "models/network.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"
#include "tests/support/catch.hpp"

#include <limits>
#include <utility>

using namespace syngrad;

namespace {

class noting_observer : public update_observer {
public:
  void updated(const update_origin&, applied_gradient applied, std::uint32_t) override { updates.push_back(applied); }
  void measured(const update_origin&, trace_measure which, double value) override { values.push_back({which, value}); }

  std::vector<applied_gradient> updates;
  std::vector<std::pair<trace_measure, double>> values;
};

struct account_bench {
  cpu_device cpu;
  stream& work = cpu.make_stream();
  std::shared_ptr<layer_group> layers;
  std::shared_ptr<noting_observer> observer = std::make_shared<noting_observer>();
  batch_record record;
  update_origin origin;
  std::optional<group_account> account;

  explicit account_bench(float clip_norm = 0) {
    auto net = std::move(*make_network("mlp:5-4x2-3"));
    layers = std::make_shared<layer_group>(work, sample_spec{{4}, dtype::f32}, std::move(net.units[1]),
                                           optimizer_settings{}, 1, 3);
    account.emplace(layers, nullptr, observer, clip_norm);
    record.measures = record.numbers = make_tensor(work, {measure::nonfinite + layers->layer_count()});
    work.ops().fill(work, record.measures, 0);
    record.rows = 8;
  }
  float& number(std::int64_t at) { return record.numbers.f32()[at]; }
  // a.b, |a|^2 and |b|^2 of two gradients.
  void set_agreement(float dot, float a_squared, float b_squared) {
    number(measure::agreement) = dot;
    number(measure::agreement + 1) = a_squared;
    number(measure::agreement + 2) = b_squared;
    record.agreement_measured = true;
  }
  group_report report(bool of_interval) {
    group_report out;
    account->tell(out, of_interval);
    return out;
  }
};

} // namespace

TEST_CASE("agreement is a mean of cosines and of ratios of norms; a gradient that is zero says nothing") {
  agreement_mean mean;
  REQUIRE(std::isnan(mean.cosine()));
  mean.add(3, 9, 4);                                       // cosine 3/6, norms 3/2
  mean.add(0, 16, 1);                                      // cosine 0, norms 4
  mean.add(0, 0, 1);                                       // left out
  mean.add(std::numeric_limits<double>::infinity(), 1, 1); // likewise
  REQUIRE(mean.cosine() == Approx(0.25));
  REQUIRE(mean.norm_ratio() == Approx(2.75));
  mean.add_bias(8, 2, 4); // |sum|^2 over rows * |truth|^2
  REQUIRE(mean.bias() == Approx(1.0));
}

TEST_CASE("a report of an interval counts agreement from the last one on, a report of the run from its start") {
  account_bench b;
  b.set_agreement(3, 9, 4);
  b.account->measured(b.origin, b.record);
  REQUIRE(b.report(true).cosine == Approx(0.5));
  b.set_agreement(6, 9, 4);
  b.account->measured(b.origin, b.record);
  REQUIRE(b.report(true).cosine == Approx(1.0));
  REQUIRE(std::isnan(b.report(true).cosine));
  REQUIRE(b.report(false).cosine == Approx(0.75));
  REQUIRE(b.observer->values == std::vector<std::pair<trace_measure, double>>{{trace_measure::cosine, 0.5},
                                                                              {trace_measure::norm_ratio, 1.5},
                                                                              {trace_measure::cosine, 1.0},
                                                                              {trace_measure::norm_ratio, 1.5}});
}

TEST_CASE("the size of activations is a root mean square, a mean over the batches in which it was measured") {
  account_bench b;
  const auto settle = [&](std::int64_t elements, float squares) {
    b.record.activations_measured = elements;
    b.number(measure::activation) = squares;
    b.account->measured(b.origin, b.record);
  };
  REQUIRE(std::isnan(b.report(false).activation_rms));
  settle(4, 36);
  settle(0, 1e6f); // not measured
  REQUIRE(b.report(true).activation_rms == 3.0);
  settle(4, 100);
  REQUIRE(b.report(true).activation_rms == 5.0);
  REQUIRE(b.report(false).activation_rms == 4.0);
  REQUIRE(b.observer->values == std::vector<std::pair<trace_measure, double>>{{trace_measure::activation_rms, 3.0},
                                                                              {trace_measure::activation_rms, 5.0}});
  b.record.step = 12;
  settle(4, std::numeric_limits<float>::infinity());
  REQUIRE(b.report(false).activation_rms == 4.0);
  REQUIRE(b.report(false).fault.what == interface_fault::kind::activation);
  REQUIRE(b.report(false).fault.step == 12);
}

TEST_CASE("predictions of another size than what is received are in the report, with the step") {
  account_bench b;
  b.set_agreement(1, 1e6f, 1);
  for (b.record.step = 0; b.record.step < interface_watch::in_a_row; ++b.record.step) {
    REQUIRE(b.report(false).fault.what == interface_fault::kind::none);
    b.account->measured(b.origin, b.record);
  }
  REQUIRE(b.report(false).fault.what == interface_fault::kind::large_predictions);
  REQUIRE(b.report(false).fault.step == interface_watch::in_a_row - 1);
  REQUIRE(b.report(false).fault.norm_ratio == Approx(1000));
}

TEST_CASE("staleness is the mean of the versions that came between a forward pass and the use of its gradient") {
  account_bench b;
  b.record.version = 4;
  b.account->applies(b.origin, b.record, applied_gradient::synthetic, 5); // the next version: fresh
  b.account->applies(b.origin, b.record, applied_gradient::residual, 8);  // three versions in between
  b.account->begins(8);
  b.account->begins(3);
  REQUIRE(b.report(false).staleness == 1.5);
  REQUIRE(b.report(false).samples == 11);
  REQUIRE(b.observer->updates ==
          std::vector<applied_gradient>{applied_gradient::synthetic, applied_gradient::residual});
  REQUIRE(b.observer->values.back() == std::pair{trace_measure::staleness, 3.0});
}

TEST_CASE("what is not finite is named with its layer, the gradient at the output before those of parameters") {
  account_bench b;
  REQUIRE(b.account->fault_of(b.record) == "");
  b.number(measure::squared_norm) = std::numeric_limits<float>::infinity();
  REQUIRE(b.account->fault_of(b.record) ==
          "the norm of the parameter gradients of layers 3 to 4 is NaN or infinite; nothing was updated with it");
  b.number(measure::nonfinite) = 2;
  REQUIRE(b.account->fault_of(b.record).find("the parameter gradient of layer 3 (") == 0);
  REQUIRE(b.account->fault_of(b.record).find(" in 2 elements") != std::string::npos);
  b.number(measure::guard + 1) = std::numeric_limits<float>::quiet_NaN();
  const auto top = std::to_string(3 + b.layers->layer_count() - 1);
  REQUIRE(b.account->fault_of(b.record).find("the gradient at the output of layer " + top + " (") == 0);
  REQUIRE(b.account->fault_of_loss().find("the loss after layer " + top + " is NaN") == 0);
}

TEST_CASE("updates whose gradient was larger than the norm to clip to are counted, where they were applied") {
  account_bench b(2);
  const auto settle = [&](std::int64_t terms, float squared_norm, float guard = 1) {
    b.record.update_terms = terms;
    b.number(measure::squared_norm) = squared_norm;
    b.number(measure::guard) = guard;
    b.account->measured(b.origin, b.record);
    return b.report(false).clipped;
  };
  const auto infinite = std::numeric_limits<float>::infinity();
  REQUIRE(settle(4, 7.9f * 7.9f) == 0);
  REQUIRE(settle(4, 8.1f * 8.1f) == 1);
  REQUIRE(settle(5, 8.1f * 8.1f) == 1); // a mean over more terms
  REQUIRE(settle(0, 8.1f * 8.1f) == 1); // no update
  REQUIRE(settle(4, infinite) == 1);
  REQUIRE(settle(4, 8.1f * 8.1f, infinite) == 1);
  REQUIRE(settle(1, 8.1f * 8.1f) == 2);
  account_bench never;
  never.record.update_terms = 1;
  never.number(measure::squared_norm) = 100;
  never.account->measured(never.origin, never.record);
  REQUIRE(never.report(false).clipped == 0);
}
