#include "actors/hang_report.hpp"

#include <chrono>

namespace syngrad {

std::vector<std::string> who_waits_for_whom(const std::vector<caf::actor>& actors, std::chrono::milliseconds patience) {
  std::vector<std::future<std::string>> answers;
  for (const auto& each : actors) {
    const auto answer = std::make_shared<std::promise<std::string>>();
    answers.push_back(answer->get_future());
    caf::anon_send(each, describe_request{answer});
  }
  const auto until = std::chrono::steady_clock::now() + patience;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < actors.size(); ++i) {
    const auto name = title_of(actors[i]);
    if (answers[i].wait_until(until) != std::future_status::ready) {
      lines.push_back(name + ": does not answer: in a handler, or no thread is free");
      continue;
    }
    try {
      lines.push_back(answers[i].get());
    } catch (const std::future_error&) {
      lines.push_back(name + ": has ended");
    }
  }
  return lines;
}

training_summary wait_for_outcome(const running_actors& actors, double hang_after_s,
                                  const training_observer& observer) {
  auto outcome = actors.state->outcome.get_future();
  if (hang_after_s <= 0) return outcome.get();
  const auto patience = std::chrono::duration<double>(hang_after_s);
  auto seen = actors.state->heartbeat.load();
  auto seen_at = std::chrono::steady_clock::now();
  while (outcome.wait_for(std::min<std::chrono::duration<double>>(patience / 4, std::chrono::seconds(1))) !=
         std::future_status::ready) {
    const auto now = std::chrono::steady_clock::now();
    if (const auto beat = actors.state->heartbeat.load(); beat != seen) {
      seen = beat;
      seen_at = now;
    } else if (now - seen_at > patience) {
      if (observer.on_notice) {
        observer.on_notice("no progress for " + std::to_string(static_cast<int>(hang_after_s)) +
                           " s; who waits for whom:");
        for (const auto& line : who_waits_for_whom(actors.all, std::chrono::milliseconds(500)))
          observer.on_notice("  " + line);
      }
      training_summary hung;
      hung.end = run_end::hung;
      hung.failure = "no progress for " + std::to_string(static_cast<int>(hang_after_s)) + " s (--hang-after)";
      hung.steps = static_cast<std::int64_t>(seen);
      hung.test_error_percent = hung.validation_error_percent = std::numeric_limits<double>::quiet_NaN();
      return hung;
    }
  }
  return outcome.get();
}

} // namespace syngrad
