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

std::string no_progress_line(hang_watch::seconds limit) {
  return "no progress for " + std::to_string(static_cast<std::int64_t>(limit.count())) + " s";
}

training_summary wait_for_outcome(const running_actors& actors, double hang_after_s,
                                  const training_observer& observer) {
  auto outcome = actors.state->outcome.get_future();
  if (hang_after_s <= 0) return outcome.get();
  hang_watch watch{hang_watch::seconds(hang_after_s)};
  while (outcome.wait_for(watch.pause()) != std::future_status::ready) {
    if (actors.state->standing_still > 0) actors.state->heartbeat.fetch_add(1);
    watch.look(steady_seconds(), computed_so_far(), actors.state->heartbeat.load());
    if (!watch.hung()) continue;
    const auto line = no_progress_line(watch.limit());
    if (observer.on_notice) {
      observer.on_notice(line + "; who waits for whom:");
      for (const auto& each : who_waits_for_whom(actors.all, std::chrono::milliseconds(500)))
        observer.on_notice("  " + each);
    }
    training_summary hung;
    hung.end = run_end::hung;
    hung.failure = line + " (--hang-after)";
    hung.steps = static_cast<std::int64_t>(watch.beat());
    return hung;
  }
  return outcome.get();
}

} // namespace syngrad
