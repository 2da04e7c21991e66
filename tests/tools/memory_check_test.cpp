#include "tools/train/resolve.hpp"

#include "actors/group_outline.hpp"
#include "actors/planned_memory.hpp"
#include "runtime/text.hpp"
#include "runtime/trace/trace_mode.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad;
using namespace syngrad::tools;

namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

// As resolved: six groups of mlp:784-256x5-10, batch 256, 2000 steps.
struct planned {
  explicit planned(const std::vector<std::string>& words = {}) {
    auto reader = make_train_option_reader(options);
    REQUIRE(reader.read(words));
    auto resolved = resolve_model(options, reader);
    REQUIRE(resolved);
    model = std::move(*resolved);
  }
  planned_memory memory() const {
    return memory_of_run(options.settings, std::move(make_network(options.settings.model).value())).value();
  }
  result<std::string> in(std::uint64_t bytes) const { return check_memory(options, model, {bytes, ""}); }

  train_options options;
  network model;
};

} // namespace

TEST_CASE("What a run holds is counted by its weights, predictors and batches") {
  const planned locked({"--policy", "locked", "--optimizer", "sgd", "--credits", "3"});
  const auto needs = locked.memory();
  const std::uint64_t weights = 784 * 256 + 4 * 256 * 256 + 5 * 2 * 256 + 256 * 10 + 10, statistics = 5 * 2 * 256;
  const std::uint64_t batch = 256 * 4;
  CHECK(needs.waiting() > 3 * batch * 785);
  CHECK(needs.waiting() < 3 * batch * 785 * 9 / 8);
  // Weights and gradients; running statistics; input and labels; what linear and batch norm layers put out.
  const auto exactly = weights * 4 * 2 + statistics * 4 + batch * (785 + 5 * 2 * 256 + 10);
  CHECK(needs.held() - needs.workspace() > exactly);
  CHECK(needs.held() - needs.workspace() < exactly + exactly / 10); // memory comes in sizes
  CHECK(needs.workspace() > batch * 256);
  CHECK(needs.at_most() > needs.held() + needs.waiting());
  const planned synthetic, many({"--credits", "64"});
  CHECK(synthetic.memory().held() > 5 * 6 * 256 * 256 * 4);
  CHECK(many.memory().at_most() > 10 * synthetic.memory().at_most());
}

TEST_CASE("No more batches are in flight than a run has") {
  const planned few({"--credits", "65536", "--steps", "10"}), all({"--credits", "10", "--steps", "10"});
  CHECK(few.memory().waiting() == all.memory().waiting());
  CHECK(cache_limit_of(few.options.settings, 0, 6, 0) == 11);
  CHECK(cache_limit_of(few.options.settings, 5, 6, 0) == 11);
  CHECK(cache_limit_of(planned().options.settings, 0, 6, 0) == 19);
  CHECK(cache_limit_of(planned().options.settings, 5, 6, 0) == 4);
  CHECK(cache_limit_of(planned().options.settings, 5, 6, 10) == 12);
}

TEST_CASE("A usual run on a usual machine is not worth a word") {
  CHECK(*planned().in(2048 * mib) == "");
}

TEST_CASE("Credits that let in more than the memory holds are refused, and how many fit is said") {
  const planned run({"--credits", "65536"});
  const auto refused = run.in(1000 * mib);
  REQUIRE_FALSE(refused);
  CHECK(refused.kind() == error_kind::resource);
  CAPTURE(refused.message());
  CHECK(refused.message().starts_with("--credits 65536: the batches that wait before the first group take 1.6 GiB, and "
                                      "1000.0 MiB of memory are available; use --credits "));
  const auto said = refused.message().substr(refused.message().rfind("--credits "));
  const auto fits = std::stoi(said.substr(10));
  CHECK(fits > 100);
  CHECK(planned({"--credits", std::to_string(fits)}).in(1000 * mib));
}

TEST_CASE("What may be in flight is said where it takes much, and is a warning where it is more than there is") {
  const planned run({"--credits", "64"});
  const auto said = run.in(1500 * mib);
  REQUIRE(said);
  CHECK(said->starts_with("memory: "));
  CHECK(said->find("--credits 64, --batch 256") != std::string::npos);
  const auto warned = run.in(300 * mib);
  REQUIRE(warned);
  CHECK(warned->starts_with("warning: memory: "));
}

TEST_CASE("A model that does not fit is refused, and a control group's limit named") {
  const planned run({"--model", "mlp:784-8192x5-10"});
  const auto refused = check_memory(run.options, run.model, {512 * mib, "/sys/fs/cgroup/job"});
  REQUIRE_FALSE(refused);
  CHECK(refused.message().starts_with("--model mlp:784-8192x5-10 with --batch 256: "));
  CHECK(refused.message().find("512.0 MiB are left by the memory limit of '/sys/fs/cgroup/job'; use a smaller model") !=
        std::string::npos);
}

TEST_CASE("The rings of a trace are part of its limit, and smaller where threads are many") {
  trace_settings usual;
  REQUIRE(plan_rings(usual, 2));
  CHECK(usual.rings == 10);
  CHECK(usual.capacity == 1 << 15);
  CHECK(usual.limit_bytes == 256 * mib - 10 * trace_ring::bytes(1 << 15));

  trace_settings many;
  REQUIRE(plan_rings(many, 4096));
  CHECK(many.capacity == 512);
  CHECK(many.limit_bytes + many.rings * trace_ring::bytes(many.capacity) == 256 * mib);
  CHECK(many.limit_bytes >= 128 * mib);

  trace_settings small;
  small.limit_bytes = mib;
  REQUIRE(plan_rings(small, 2));
  CHECK(small.limit_bytes >= mib / 2);
  CHECK(small.capacity == 512);

  trace_settings too_small;
  too_small.limit_bytes = mib;
  const auto refused = plan_rings(too_small, 64);
  REQUIRE_FALSE(refused);
  CHECK(refused.message().starts_with("the rings of 64 threads take 2.0 MiB, and half of 1.0 MiB is all"));
}
