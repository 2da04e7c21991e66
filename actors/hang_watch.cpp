#include "actors/hang_watch.hpp"

#include <chrono>
#include <ctime>
#include <fmt/core.h>

namespace syngrad {

void hang_watch::look(seconds now, seconds computed, std::uint64_t beat) {
  const bool first = !looked_;
  const auto passed = std::min(now - now_, 2 * pause());
  const bool computes = computed - computed_ >= passed * computes_from;
  looked_ = true;
  now_ = now;
  computed_ = computed;
  if (first) {
    beat_ = beat;
    return;
  }
  waited_ += passed;
  if (beat == beat_) {
    idle_ += computes ? passed * slow_share : passed;
    return;
  }
  longest_ = std::max(longest_, waited_);
  beat_ = beat;
  idle_ = waited_ = seconds(0);
  extensions_ = 0;
}

void hang_watch::found_slow() {
  if (extensions_ == most_extensions) return;
  ++extensions_;
  idle_ = seconds(0);
}

hang_watch::seconds computed_so_far() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

hang_watch::seconds steady_seconds() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

// ---- of a run in this process

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
  return fmt::format("no progress for {} s", static_cast<std::int64_t>(limit.count()));
}

training_summary wait_for_outcome(const running_actors& actors, double hang_after_s,
                                  const training_observer& observer) {
  auto outcome = actors.state->outcome.get_future();
  if (hang_after_s <= 0) return outcome.get();
  hang_watch watch{hang_watch::seconds(hang_after_s)};
  while (outcome.wait_for(watch.pause()) != std::future_status::ready) {
    if (actors.state->awaits_no_beat(steady_now_ns())) actors.state->heartbeat.fetch_add(1);
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
