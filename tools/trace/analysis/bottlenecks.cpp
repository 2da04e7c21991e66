#include "tools/trace/analysis/bottlenecks.hpp"

#include "tools/progress/text_table.hpp"

#include <algorithm>

namespace syngrad::tools {

namespace {

constexpr double worth_naming = 0.02;
constexpr double saturated = 0.85; // whoever is busy for so much of the time decides the pace

const activity* busiest(const std::vector<const activity*>& of) {
  const auto found = std::max_element(of.begin(), of.end(), [](auto* a, auto* b) { return a->busy < b->busy; });
  return found == of.end() ? nullptr : *found;
}

std::string busy_text(const activity& of) {
  return of.name + " is the slowest (" + show_percent(of.busy) + " busy)";
}

class search {
public:
  search(const utilisation& of, const trace_names& names) : of_(of), locked_(names.fact("policy") == "locked") {
    for (const auto& each : of.actors) {
      if (each.role == actor_role::group) groups_.push_back(&each);
      if (each.role == actor_role::source) source_ = &each;
    }
    for (const auto& each : of.threads) threads_busy_ += each.busy / static_cast<double>(of.threads.size());
  }

  // A source that waits for credit is as it should be: then data is no bottleneck.
  std::vector<bottleneck> find() {
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      blocked(*groups_[i], {groups_.begin() + static_cast<std::ptrdiff_t>(i) + 1, groups_.end()});
      starved(*groups_[i], i);
    }
    for (const auto& each : of_.actors) {
      ready(each);
      busy(each);
    }
    std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
    return std::move(found_);
  }

private:
  void add(double share, const std::string& what, const std::string& why) {
    if (share >= worth_naming)
      found_.push_back({share, what + ' ' + show_percent(share) + " of the time: " + why + '.'});
  }

  void blocked(const activity& actor, const std::vector<const activity*>& above) {
    const auto* slowest = busiest(above);
    add(actor.blocked, actor.name + " waited for credit",
        slowest ? busy_text(*slowest) + "; give it fewer layers (--split), or let more batches wait (--credits)"
                : "let more batches wait (--credits)");
  }

  void starved(const activity& group, std::size_t place) {
    if (locked_)
      return add(group.starved, group.name + " waited for an activation or a gradient",
                 "that is what --policy locked does; a group that predicts its gradient (--policy synthetic) goes on");
    std::vector<const activity*> below(groups_.begin(), groups_.begin() + static_cast<std::ptrdiff_t>(place));
    if (source_) below.push_back(source_);
    const auto* slowest = busiest(below);
    add(group.starved, group.name + " had nothing to do",
        slowest ? "of those below it " + busy_text(*slowest) + "; move layers up from there (--split)"
                : "nothing below it was recorded");
  }

  void ready(const activity& actor) {
    const auto threads =
      std::to_string(of_.threads.size()) + (of_.threads.size() == 1 ? " thread is " : " threads are ");
    add(actor.ready, "messages for " + actor.name + " waited for a free thread",
        threads + show_percent(threads_busy_) +
          (threads_busy_ >= saturated
             ? " busy; give it more (--threads)"
             : " busy, so it is waking up that takes long; larger batches (--batch) need fewer messages"));
  }

  void busy(const activity& actor) {
    if (actor.busy < saturated) return;
    const bool predicts = actor.role == actor_role::predictor;
    add(actor.busy, actor.name + " was busy",
        predicts ? "a cheaper predictor (--sg) would answer sooner"
        : actor.role == actor_role::source
          ? "it makes batches no faster than that"
          : "it sets the pace; give it fewer layers (--split) or more threads for a product (--intra-op)");
  }

  const utilisation& of_;
  bool locked_;
  std::vector<const activity*> groups_; // bottom to top
  const activity* source_ = nullptr;
  double threads_busy_ = 0; // mean
  std::vector<bottleneck> found_;
};

} // namespace

std::vector<bottleneck> find_bottlenecks(const utilisation& of, const trace_names& names, std::size_t most) {
  auto all = search(of, names).find();
  if (all.size() > most) all.resize(most);
  return all;
}

} // namespace syngrad::tools
