// What a layer group is made of: its settings, the objects that it consists of, and what it says through.
//
// | object          | is                                                                             |
// |-----------------|--------------------------------------------------------------------------------|
// | batch_window    | the batches in flight                                                          |
// | lower_edge      | the neighbour below: what gradients it wants                                   |
// | upper_edge      | the neighbour above: credits, the gap while it is away, what is wanted from it |
// | predictor_port  | the predictor beside the group                                                 |
// | group_account   | what is measured, for observer and reports                                     |
// | kept_memory     | what batches in flight keep of memory, likewise                                |
// | group_gradients | what is done with a gradient, as the policy says                               |
// | group_turn      | a batch's way through the group                                                |
//
// Only the last two know the others; group_updates and prediction_measures belong to group_gradients. None knows an
// actor: group_actor brings messages in, and is their outlet.
#pragma once

#include "actors/batch_window.hpp"
#include "actors/group_account.hpp"
#include "actors/group_edges.hpp"
#include "actors/handler_gate.hpp"
#include "actors/kept_memory.hpp"
#include "actors/link_counters.hpp"
#include "actors/messages.hpp"
#include "actors/predictor_port.hpp"
#include "actors/update_policy.hpp"
#include "models/learning_rate.hpp"
#include "models/objective.hpp"

#include <memory>
#include <string>
#include <variant>

namespace syngrad {

struct group_setup {
  int index = 0, count = 1; // of groups
  run_edge below, above;
  std::string units; // "0-1", for reports
  std::shared_ptr<layer_group> layers;
  stream* work = nullptr;
  stream* copies = nullptr; // of the same device: tensors from and to other devices
  std::shared_ptr<handler_gate> gate = std::make_shared<handler_gate>(); // around each message
  bool host_below = false;                                               // the neighbour below reads host memory only
  bool host_above = false;
  std::unique_ptr<update_policy> policy;
  std::shared_ptr<const objective> trained_for; // of the top group; not null there
  learning_rate rate{1e-3f};
  float clip_norm = 0;    // of its gradient; 0: it is not clipped
  bool recompute = false; // a batch that waits for its gradient keeps its input, not its cache
  std::uint64_t seed = 1; // of the run
  bool deterministic = false;
  int lag = 0;                               // deterministic: turns by which gradients are handled late
  int credits = 2;                           // granted to the neighbour below
  std::int64_t audit_every = 0;              // 0: never
  std::shared_ptr<update_observer> observer; // not null
  gradient_demand gradients;                 // over both edges: --gradients or --correct
  // What comes over links from its neighbours; nothing does where they are in this process. Null: nobody counts.
  std::shared_ptr<const link_counters> from_below, from_above;
  std::int64_t cache_limit = 16; // batches whose gradient is outstanding; more than the lag
  int micro_batches = 1;         // that a batch of the run is cut into: each is a batch by itself here
  std::int64_t max_alone = 0;    // batches that may end here while the network above is away
  // For the report: of memory that the layers took, and the predictor beside this group; and of that.
  std::uint64_t layer_bytes = 0, predictor_bytes = 0;
  std::int64_t predictor_parameters = 0;
  std::shared_ptr<const synthetic_gradient_model> predictor; // null: none
  std::shared_ptr<const saved_part> saved;                   // that the group goes on from; null: it begins

  bool is_audited(std::uint64_t batch) const {
    return audit_every > 0 && batch % static_cast<std::uint64_t>(audit_every) == 0;
  }
};

// What the coordinator hears of a group.
using group_news = std::variant<flushed, batch_done, batch_alone, evaluated, evaluation_missed, failure,
                                checkpoint_passed, part_saved, part_not_saved>;

// Where what a group says goes. Each call returns at once; tensors are ready once their events have passed.
class group_outlet {
public:
  virtual ~group_outlet() = default;

  // Of the next message: for a batch, from weights of `version`, caused by the message that is handled now, or by that
  // with the id `cause`.
  virtual message_context context_for(std::uint64_t batch, std::uint32_t version = 0) = 0;
  virtual message_context caused_by(std::uint64_t cause, std::uint64_t batch, std::uint32_t version) = 0;
  virtual update_origin origin_of(const batch_record&, std::int64_t version) const = 0;

  virtual void send_above(activation) = 0;
  virtual void send_above(flush_mark) = 0;
  virtual void send_above(gradients_wanted) = 0;
  virtual void send_below(gradient) = 0;
  virtual void send_below(audit_gradient) = 0;
  virtual void send_below(credit) = 0;
  // Of a run that can be saved: else they never come.
  virtual void mark_above(checkpoint_mark) {}
  virtual void mark_below(checkpoint_return) {}
  virtual void save_predictor_with(save_predictor) {}
  virtual void ask_predictor(predict) = 0;
  virtual void teach_predictor(target) = 0;
  virtual void tell_coordinator(group_news) = 0;
  // Back to the group itself, once its stream is past what is enqueued now.
  virtual void when_complete(work_done) = 0;
  virtual void when_complete(evaluation_done) = 0;
};

struct group_parts {
  group_parts(group_setup given, group_outlet& outlet)
    : setup(std::move(given)), out(outlet), window(*setup.work), below(setup.below, setup.gradients, setup.seed),
      above(setup.above, setup.max_alone, setup.gradients),
      account(setup.layers, setup.predictor, setup.observer, setup.clip_norm) {}

  // All of it, to be saved and loaded between two batches.
  void keep(state_archive&);

  bool is_top() const { return !above.exists(); }
  stream& work() const { return *setup.work; }
  std::uint32_t version() const { return static_cast<std::uint32_t>(setup.layers->version()); }
  void tell_failure(const batch_record& record, const std::string& what) {
    const auto parts = static_cast<std::uint64_t>(setup.micro_batches), batch = record.batch / parts;
    auto text = "group " + std::to_string(setup.index) + ", batch " + std::to_string(batch);
    if (parts > 1) text += ", micro-batch " + std::to_string(record.batch % parts);
    out.tell_coordinator(failure{out.context_for(no_batch), text + ": " + what, batch, true});
  }

  group_setup setup;
  group_outlet& out;
  batch_window window;
  lower_edge below;
  upper_edge above;
  predictor_port predictor;
  group_account account;
  kept_memory kept;
};

} // namespace syngrad
