// Processes of simulated machines that are away for a time, or for good: they stand still meanwhile, with what they
// have and what comes for them.
#pragma once

#include "actors/simulation/simulated_machines.hpp"
#include "runtime/random.hpp"

#include <cstddef>
#include <functional>
#include <vector>

namespace syngrad {

class simulated_outages {
public:
  using teller = std::function<void(int process, bool is_away)>;

  // Of the first so many processes; `stand_for` says which others are the same one. `told`: at once, as nobody's
  // message. The machines outlive it, and it the last step.
  simulated_outages(simulated_machines& machines, std::size_t processes, std::function<std::vector<int>(int)> stand_for,
                    teller told)
    : machines_(machines), stand_for_(std::move(stand_for)), told_(std::move(told)), all_(processes) {}

  void add(int process, double at_s, double down_s); // down_s infinite: for good
  // Again and again, after times of that mean.
  void draw(int process, double mean_s, double down_s, random_source);

  int failures_of(int process) const { return of(process).failures; }
  double away_s(int process, double until_s) const;
  bool someone_is_away() const;

private:
  struct outage {
    int failures = 0;
    int causes = 0;                               // of its being away now
    std::vector<std::pair<double, double>> times; // from, to
  };
  const outage& of(int process) const { return all_[static_cast<std::size_t>(process)]; }
  void begins(int process);
  void ends(int process);

  simulated_machines& machines_;
  std::function<std::vector<int>(int)> stand_for_;
  teller told_;
  std::vector<outage> all_;
};

} // namespace syngrad
