#include "tools/trace/analysis/timing_analyses.hpp"

#include "tools/progress/text_table.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace syngrad::tools {

namespace {

constexpr double worth_naming = 0.02;
constexpr double saturated = 0.85; // whoever is busy for so much of the time decides the pace

const activity* busiest(const std::vector<const activity*>& of) {
  const auto found = std::max_element(of.begin(), of.end(), [](auto* a, auto* b) { return a->busy < b->busy; });
  return found == of.end() ? nullptr : *found;
}

// Whose messages hold up the training when they wait.
bool computes(const activity& actor) {
  return actor.role == actor_role::group || actor.role == actor_role::predictor || actor.role == actor_role::solver;
}

std::string slowest_text(const activity& of) {
  return of.name + " is the slowest (" + show_percent(of.busy) + " busy)";
}

class search {
public:
  search(const utilisation& of, const trace_names& names)
    : of_(of), locked_(names.fact("policy") == "locked"), of_text_(names.fact("unit") == "tokens") {
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
      starved(*groups_[i], {groups_.begin(), groups_.begin() + static_cast<std::ptrdiff_t>(i)});
    }
    data();
    for (const auto& each : of_.actors) {
      if (computes(each)) ready(each);
      busy(each);
    }
    std::vector<bottleneck> all;
    for (const auto& [cause, worst] : worst_) all.push_back(worst);
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
    return all;
  }

private:
  enum class suffering { blocked, starved, ready, busy };

  // Of several that suffer in the same way from the same cause, the one that suffers most.
  void add(suffering how, const std::string& cause, double share, const std::string& what, const std::string& why) {
    auto& worst = worst_[{how, cause}];
    if (share > worst.share) worst = {share, what + ' ' + show_percent(share) + " of the time: " + why + '.'};
  }

  void blocked(const activity& group, const std::vector<const activity*>& above) {
    if (above.empty() || group.blocked < worth_naming) return;
    const auto& slowest = *busiest(above);
    add(suffering::blocked, slowest.name, group.blocked, group.name + " waited for credit",
        slowest_text(slowest) + "; give it fewer layers (--split), or let more batches wait (--credits)");
  }

  // The source itself waits for input only where its batches are not read in time.
  void data() {
    if (!source_ || source_->starved < worth_naming) return;
    add(suffering::starved, "data", source_->starved, "the source waited for data",
        std::string("batches are not read and prepared faster than that; ") +
          (of_text_ ? "a faster disk, or a copy of the file in memory (/dev/shm), takes less"
                    : "images that are nearer to their size, or a faster disk, take less, and so does leaving out "
                      "--augment"));
  }

  void starved(const activity& group, const std::vector<const activity*>& below) {
    if ((below.empty() && !source_) || group.starved < worth_naming || threads_saturated()) return;
    if (locked_)
      return add(suffering::starved, "locked", group.starved, group.name + " waited for an activation or a gradient",
                 "that is how --policy locked works; a group that predicts its gradient (--policy synthetic) goes on");
    if (source_ && source_->starved >= worth_naming) return; // for want of data: data() says it
    const auto nothing = group.name + " had nothing to do";
    if (below.empty()) {
      add(suffering::starved, "source", group.starved, nothing,
          source_->blocked >= worth_naming
            ? "meanwhile the source waited for credit, so that batches and credits were on their way; let more batches "
              "wait (--credits)"
            : slowest_text(*source_) + "; larger batches (--batch) are fewer");
      return;
    }
    const auto& slowest = *busiest(below);
    add(suffering::starved, slowest.name, group.starved, nothing,
        "of those below it " + slowest_text(slowest) + "; move layers up from there (--split)");
  }

  void ready(const activity& actor) {
    if (actor.ready < worth_naming) return;
    const auto count = of_.threads.size();
    const auto threads = (count == 1 ? "the only thread is " : "the " + std::to_string(count) + " threads are ") +
                         show_percent(threads_busy_) + " busy";
    add(suffering::ready, "", actor.ready, "messages for " + actor.name + " waited for a free thread",
        threads + (threads_saturated()
                     ? "; give it more (--threads)"
                     : ", so it is waking up that takes long; larger batches (--batch) need fewer messages"));
  }

  // Where all threads are busy, whoever keeps them so holds up the others, although it is not busy all the time itself.
  void busy(const activity& actor) {
    if (actor.busy < (threads_saturated() ? worth_naming : saturated)) return;
    std::string why = "it sets the pace; give it fewer layers (--split) or its products more threads (--intra-op)";
    if (actor.role == actor_role::predictor) why = "a cheaper predictor (--sg) would answer sooner";
    if (actor.role == actor_role::source) why = "batches are not made faster than that";
    if (actor.busy < saturated) {
      const auto part = actor.busy / (threads_busy_ * static_cast<double>(of_.threads.size()));
      why = "that is " + show_percent(part) + " of what the threads do; " +
            (actor.role == actor_role::predictor ? "a cheaper predictor (--sg) takes less"
                                                 : "fewer layers in it (--split) take less");
    }
    add(suffering::busy, actor.name, actor.busy, actor.name + " was busy", why);
  }

  // Then whoever is starved is so because others wait for a thread.
  bool threads_saturated() const { return threads_busy_ >= saturated; }

  const utilisation& of_;
  bool locked_, of_text_;
  std::vector<const activity*> groups_; // bottom to top
  const activity* source_ = nullptr;
  double threads_busy_ = 0; // mean
  std::map<std::pair<suffering, std::string>, bottleneck> worst_;
};

} // namespace

std::vector<bottleneck> find_bottlenecks(const utilisation& of, const trace_names& names, std::size_t most) {
  auto all = search(of, names).find();
  if (all.size() > most) all.resize(most);
  return all;
}

} // namespace syngrad::tools
