#include "actors/run_restore.hpp"

#include "actors/actor_setups.hpp"
#include "actors/coordinator_actor.hpp"
#include "actors/group_outline.hpp"
#include "actors/group_turn.hpp"
#include "actors/source_position.hpp"
#include "models/state_archive.hpp"
#include "runtime/io/value_text.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace syngrad {

namespace {

// A group and a predictor that are made to find out whether their saved state fits: nobody hears what they say.
class nobodys_group : public group_outlet {
  message_context context_for(std::uint64_t batch, std::uint32_t version) override {
    return caused_by(0, batch, version);
  }
  message_context caused_by(std::uint64_t, std::uint64_t batch, std::uint32_t version) override {
    return {0, 0, 0, batch, version};
  }
  update_origin origin_of(const batch_record& record, std::int64_t version) const override {
    return {0, 0, record.batch, version, 0, 0};
  }
  void send_above(activation) override {}
  void send_above(flush_mark) override {}
  void send_above(gradients_wanted) override {}
  void send_below(gradient) override {}
  void send_below(audit_gradient) override {}
  void send_below(credit) override {}
  void ask_predictor(predict) override {}
  void teach_predictor(target) override {}
  void tell_coordinator(group_news) override {}
  void when_complete(work_done) override {}
  void when_complete(evaluation_done) override {}
};

class nobodys_predictor : public predictor_outlet {
  message_context context_for(std::uint64_t batch, std::uint32_t version) override { return {0, 0, 0, batch, version}; }
  void answer_group(synthetic_gradient) override {}
  void tell_group(targets_dropped) override {}
  void ask_solver(solve) override {}
  void train_later(next_target) override {}
};

std::string part_name(std::size_t group) {
  return "group" + std::to_string(group);
}

status missing_part(const std::string& name) {
  return error::data("the saved run: the part '" + name + "' is missing");
}

// Words of the run by name; null: there is none.
const std::string* find_word(const saved_run& of, const std::string& name) {
  const auto found = of.words.find(name);
  return found == of.words.end() ? nullptr : &found->second;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> all;
  for (const auto line : split_text(text, '\n')) all.emplace_back(line);
  return all;
}

status check_signature_line(const run_plan& plan, const saved_run& saved, std::size_t line, const std::string& what) {
  const auto here = lines_of(plan.signature);
  const auto* text = find_word(saved, "signature");
  if (!text) return error::data("the saved run: 'signature' is missing");
  const auto there = lines_of(*text);
  if (line >= there.size()) return error::data("the saved run: 'signature' cannot be '" + *text + "'");
  if (there[line] == here[line]) return ok();
  return error::setting(fmt::format("the saved run has another {}: {}, not {}", what, there[line], here[line]));
}

status restore_position(run_plan& plan, const saved_run& saved) {
  const auto* part = find_part(saved, "source");
  if (!part) return missing_part("source");
  auto archive = state_archive::loading(*part);
  const auto at = source_position::kept_in(archive);
  if (!archive.outcome()) return archive.outcome();
  auto& order = plan.order->train;
  if (at.step != saved.step || at.step < 0)
    return error::data(fmt::format("the saved run: its source is at step {}, not {}", at.step, saved.step));
  if (at.batch_size != order.batch_size())
    return error::setting(
      fmt::format("batch: the saved run has batches of {} samples, not {}", at.batch_size, order.batch_size()));
  if (at.samples != plan.data->train.count)
    return error::setting(
      fmt::format("data: the saved run trains on {} samples, not {}", at.samples, plan.data->train.count));
  const auto epoch = order.batches_per_epoch();
  return order.resume({static_cast<std::uint64_t>(at.step / epoch), at.step % epoch});
}

status check_counters(const saved_run& saved) {
  const saved_part words{"the run", {}, saved.words};
  auto archive = state_archive::loading(words);
  training_progress progress;
  training_summary summary;
  std::int64_t data_wait_ns = 0, evaluated = 0;
  keep_counters(archive, progress, summary, data_wait_ns, evaluated);
  if (archive.outcome() && progress.done() != saved.step)
    archive.fail(fmt::format("{} batches were done, not {}", progress.done(), saved.step));
  return archive.outcome();
}

// ---- the same run

status restore_group(run_plan& plan, std::size_t i, const run_edges& edges) {
  auto& planned = plan.groups[i];
  nobodys_group outlet;
  group_parts parts(setup_of_group(plan, static_cast<int>(i), edges), outlet);
  group_gradients gradients(parts);
  group_turn turn(parts, gradients);
  parts.predictor.connect(planned.predictor != nullptr);
  turn.begin();
  if (auto fits = turn.go_on_from_saved(); !fits) return fits;
  if (!planned.predictor) return ok();
  nobodys_predictor predictor_outlet;
  predictor_turn predictor(setup_of_predictor(plan, edges.above(i)), predictor_outlet);
  return predictor.go_on_from_saved();
}

status restore_groups(run_plan& plan, const std::shared_ptr<const saved_run>& saved) {
  const run_edges edges(plan.groups.size());
  for (std::size_t i = 0; i < plan.groups.size(); ++i) {
    const auto* part = find_part(*saved, part_name(i));
    if (!part) return missing_part(part_name(i));
    plan.groups[i].saved = {saved, part};
    if (auto fits = restore_group(plan, i, edges); !fits) return fits;
  }
  return ok();
}

// ---- another one of the same network

struct saved_layers {
  const saved_part* part;
  int first = 0, count = 0;
  std::int64_t version = 0; // of the weights
};

result<std::vector<saved_layers>> layers_in(const saved_run& saved) {
  std::vector<saved_layers> all;
  for (std::size_t i = 0;; ++i) {
    saved_layers next{find_part(saved, part_name(i))};
    if (!next.part) break;
    auto archive = state_archive::loading(*next.part);
    archive.word("layers.first", next.first);
    archive.word("layers.count", next.count);
    archive.word("optimizer.steps", next.version);
    if (!archive.outcome()) return archive.outcome().failure();
    all.push_back(next);
  }
  return all;
}

status take_layers(run_plan& plan, const std::vector<saved_layers>& saved) {
  for (std::size_t i = 0; i < plan.groups.size(); ++i) {
    auto& group = plan.groups[i];
    auto& layers = *group.layers;
    std::int64_t version = 0;
    for (int layer = 0; layer < layers.layer_count(); ++layer) {
      const auto number = layers.first_layer() + layer;
      const auto of = std::find_if(saved.begin(), saved.end(), [number](const auto& each) {
        return number >= each.first && number < each.first + each.count;
      });
      if (of == saved.end()) return error::data(fmt::format("the saved run: layer {} is missing", number));
      auto archive = state_archive::loading(*group.work, *of->part);
      layers.keep_layer(archive, layer);
      if (!archive.outcome()) return archive.outcome();
      version = std::max(version, of->version);
    }
    layers.go_on_at_version(version);
  }
  return ok();
}

// Of the interface above a group, where a group ended there in the saved run, too. Whether there was one.
result<bool> take_predictor(run_plan& plan, std::size_t i, const std::vector<saved_layers>& saved) {
  auto& group = plan.groups[i];
  const auto end = group.layers->first_layer() + group.layers->layer_count();
  const auto of = std::find_if(saved.begin(), saved.end(), [end](const auto& each) {
    return each.first + each.count == end && each.part->words.contains("predictor.kind");
  });
  if (of == saved.end() || of->part->words.at("predictor.kind") != plan.settings.synthetic.kind) return false;
  auto archive = state_archive::loading(*group.predictor_work, *of->part);
  archive.within("predictor.", [&] { group.predictor->keep(archive); });
  if (!archive.outcome()) return archive.outcome().failure();
  return true;
}

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

status regroup(run_plan& plan, const saved_run& saved) {
  const auto layers = layers_in(saved);
  if (!layers) return layers.failure();
  if (auto taken = take_layers(plan, *layers); !taken) return taken;
  // Numbers of updates that all batches so far have made: passes to come wait for them.
  if (plan.settings.update_batches > 1)
    for (auto& each : plan.groups) each.layers->go_on_at_version(saved.step / plan.settings.update_batches);
  std::size_t kept = 0, fresh = 0;
  for (std::size_t i = 0; i < plan.groups.size(); ++i) {
    if (!plan.groups[i].predictor) continue;
    const auto known = take_predictor(plan, i, *layers);
    if (!known) return known.failure();
    ++(*known ? kept : fresh);
  }
  auto text = fmt::format("the run goes on at step {} with the weights of another form of it: {} then, {} now; batches "
                          "that were in flight are dropped",
                          saved.step, counted(layers->size(), "group"), counted(plan.groups.size(), "group"));
  if (kept + fresh > 0)
    text += fmt::format("; {} {} on, {} anew", counted(kept, "predictor"), kept == 1 ? "goes" : "go",
                        std::to_string(fresh) + (fresh == 1 ? " begins" : " begin"));
  if (plan.observer.on_notice) plan.observer.on_notice(text);
  return ok();
}

} // namespace

const saved_part* find_part(const saved_run& of, const std::string& name) {
  const auto found =
    std::find_if(of.parts.begin(), of.parts.end(), [&](const auto& each) { return each.name == name; });
  return found == of.parts.end() ? nullptr : &*found;
}

std::string signature_of(const training_settings& of, const network& net) {
  std::string layers, split;
  for (const auto& unit : net.units)
    for (const auto& each : unit) layers += (layers.empty() ? "" : ", ") + each->describe();
  for (const auto each : of.split) split += (split.empty() ? "" : ",") + std::to_string(each);
  const auto& by = of.optimizer;
  const auto optimizer = fmt::format("{}, moments {}, momentum {}, muon every {}", by.name, by.moments,
                                     by.name == "sgd" && by.momentum != 0 ? "kept" : "none", by.muon_every);
  const auto& synthetic = of.synthetic;
  const auto form = fmt::format("{} of {}; predictors {}, labels {}, rows {}, by {}; stash {}, every {}, feedback {}, "
                                "micro-batches {}, recompute {}, warm-up {}, unroll {}",
                                of.policy, split, synthetic.kind, synthetic.labels, synthetic.rows,
                                synthetic.optimizer.name, of.stash_weights, of.update_batches, of.error_feedback,
                                parts_of_batches(of), of.recompute, of.warmup_batches, of.unroll.text());
  return layers + "\n" + optimizer + "\n" + form;
}

status restore_run(run_plan& plan, std::shared_ptr<const saved_run> saved) {
  if (saved->step > plan.settings.steps)
    return error::setting(
      fmt::format("steps: the saved run is at step {} already, beyond {}", saved->step, plan.settings.steps));
  if (auto good = check_signature_line(plan, *saved, 0, "network"); !good) return good;
  if (auto good = check_signature_line(plan, *saved, 1, "optimizer"); !good) return good;
  if (auto good = check_counters(*saved); !good) return good;
  if (auto good = restore_position(plan, *saved); !good) return good;
  const bool is_same = *find_word(*saved, "signature") == plan.signature;
  if (auto good = is_same ? restore_groups(plan, saved) : regroup(plan, *saved); !good) return good;
  plan.saved = std::move(saved);
  return ok();
}

} // namespace syngrad
