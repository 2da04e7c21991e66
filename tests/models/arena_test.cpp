#include "models/arena.hpp"

#include "tests/models/bench.hpp"

namespace syngrad {
namespace {

TEST_CASE("an arena lays out parameters in order, each on its own cache line") {
  bench b;
  parameter weight("weight", {3, 5}), bias("bias", {17}), mean("mean", {4}, parameter_kind::state),
    gamma("gamma", {16});
  arena all(b.s, {{&weight, &bias}, {}, {&mean, &gamma}});

  CHECK(weight.value.f32() == all.values().f32());
  CHECK(bias.value.f32() == all.values().f32() + 16);
  CHECK(gamma.value.f32() == all.values().f32() + 48);
  CHECK(gamma.gradient.f32() == all.gradients().f32() + 48);
  CHECK(mean.value.f32() == all.state().f32());
  CHECK_FALSE(mean.gradient);
  CHECK(weight.value.extents() == shape{3, 5});

  REQUIRE(all.ranges().size() == 3);
  CHECK(all.ranges()[0].first == 0);
  CHECK(all.ranges()[0].count == 48);
  CHECK(all.ranges()[1].count == 0);
  CHECK(all.ranges()[2].first == 48);
  CHECK(all.ranges()[2].count == 16);
  CHECK(all.trained_elements() == 15 + 17 + 16);
  CHECK(all.values().elements() == 64);
  CHECK(norm(values(all.values())) == 0);
  CHECK(norm(values(all.gradients())) == 0);
  CHECK(norm(values(all.state())) == 0);
}

TEST_CASE("parameters of a kind lie together: weights, the output's, and what does not decay") {
  bench b;
  parameter bias("bias", {3}), weight("weight", {3, 5}), gamma("gamma", {3}),
    mean("mean", {2, 9}, parameter_kind::state), head("head", {4, 3}, parameter_kind::output_weight),
    filter("filter", {2, 3, 3, 2}), table("table", {7, 3}, parameter_kind::embedding);
  for (const auto* each : {&weight, &filter, &head}) CHECK(each->decays());
  for (const auto* each : {&bias, &gamma, &mean, &table}) CHECK_FALSE(each->decays());
  CHECK(table.trained());
  CHECK_FALSE(mean.trained());
  arena all(b.s, {{&gamma}, {&bias, &weight, &gamma, &mean, &head, &filter, &table}});

  REQUIRE(all.ranges().size() == 2);
  CHECK(all.ranges()[0].decaying == 0);
  CHECK(all.ranges()[1].first == 16);
  CHECK(all.ranges()[1].weights == 16 + 48);
  CHECK(all.ranges()[1].decaying == 16 + 48 + 16);
  CHECK(all.ranges()[1].count == 16 + 48 + 4 * 16 + 16);
  const auto* first = all.values().f32() + 16;
  CHECK(weight.value.f32() == first);
  CHECK(filter.value.f32() == first + 16);
  CHECK(head.value.f32() == first + 64);
  CHECK(bias.value.f32() == first + 80);
  CHECK(gamma.value.f32() == first + 96);
  CHECK(table.value.f32() == first + 112);
  CHECK(table.gradient.f32() == all.gradients().f32() + 16 + 112);
  CHECK(mean.value.f32() == all.state().f32());
  CHECK(all.trained_elements() == 3 + 3 + 15 + 3 + 12 + 36 + 21);

  REQUIRE(all.weights().size() == 2);
  CHECK(all.weights()[0].first == 16);
  CHECK(all.weights()[0].rows == 3);
  CHECK(all.weights()[0].columns == 5);
  CHECK(all.weights()[1].first == 32);
  CHECK(all.weights()[1].rows == 2);
  CHECK(all.weights()[1].columns == 18);
}

TEST_CASE("an arena without trained parameters has no memory for them") {
  bench b;
  parameter mean("mean", {4}, parameter_kind::state);
  arena all(b.s, {{&mean}, {}});
  CHECK_FALSE(all.values());
  CHECK_FALSE(all.make_moment(b.s));
  CHECK(all.trained_elements() == 0);
  CHECK(all.state().elements() == 16);
}

} // namespace
} // namespace syngrad
