// What each schedule of a pipeline leaves four workers idle and has in flight, as the table of results/pipeline.md:
// groups that do what they do in a run, on a clock of their own.
#include "tests/actors/timed_groups.hpp"

#include <fmt/core.h>
#include <string>

using namespace syngrad;
using namespace syngrad::test;

namespace {

constexpr int workers = 4;

std::string in_flight(const timed_result& of) {
  std::string text;
  for (const auto each : of.most_in_flight) text += (text.empty() ? "" : ", ") + std::to_string(each);
  return text;
}

} // namespace

int main() {
  fmt::print("| schedule | micro-batches | idle, % | by formula, % | in flight, lowest group first |\n"
             "|---|---|---|---|---|\n");
  for (const auto* name : {"gpipe", "1f1b", "interleaved:2", "interleaved:4", "zero-bubble", "zero-bubble:h2"})
    for (const std::int64_t micro_batches : {2, 4, 8, 16, 32}) {
      const auto setup = timed_pipeline(name, workers, micro_batches);
      const auto out = run_timed(setup);
      fmt::print("| {} | {} | {:.1f} | {:.1f} | {} |\n", name, micro_batches, 100 * out.mean_idle(),
                 100 * idle_by_formula(setup), in_flight(out));
    }
}
