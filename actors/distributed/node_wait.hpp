// The wait for a run's nodes: when it is over, what is said meanwhile of who is here and who is missing, and when it
// has lasted too long. Nothing here has a clock of its own.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>

namespace syngrad {

struct node_count {
  int least = 1, most = 1;
};

// Whether a run may begin: all the nodes that may come are ready, or the least number has been for a while, with nobody
// on the way in.
class node_quorum {
public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds others_have{2}; // to come, too

  explicit node_quorum(node_count count) : count_(count) {}

  // `ready` of the nodes that have `joined`. To be asked again and again.
  bool is_reached(int ready, int joined, clock::time_point now);

private:
  node_count count_;
  std::optional<clock::time_point> enough_since_;
};

class node_wait {
public:
  using clock = node_quorum::clock;

  struct setup {
    node_count count;
    std::set<std::string> named;   // by --place: the run cannot begin without them
    std::optional<double> limit_s; // none: as long as it takes
  };
  struct present { // at one moment
    std::set<std::string> ready;
    int joined = 0; // these, and those that are on the way in
  };

  node_wait(setup, clock::time_point began);

  // All three are to be asked again and again, in this order.
  bool is_reached(const present&, clock::time_point now);
  // Why the wait has failed, with who is missing.
  std::optional<std::string> too_late(const present&, clock::time_point now) const;
  // A line that is due: somebody came or went, or nothing was said for long (half a minute, then twice as long each
  // time).
  std::optional<std::string> news(const present&, clock::time_point now);

private:
  std::string who(const present&) const;

  setup given_;
  clock::time_point began_, said_at_;
  clock::duration patience_;
  node_quorum quorum_;
  std::set<std::string> told_;
};

} // namespace syngrad
