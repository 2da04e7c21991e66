// The messages between the actors of a run. The protocol, as a table:
//
//  from             to               message                    when
//  source, group    group above      activation                 a batch goes up; needs a credit
//  group            group below      gradient                   once for every training batch, never needs a credit;
//                                                               of kind none where it is not wanted (gradient_demand)
//  group            group above      gradients_wanted           its predictor is good enough now, or is not any more
//  group            group below      audit_gradient             audited batches only, where `gradient` is not true
//  group            sender below     credit                     a batch is done: one more activation may come
//  group            predictor        predict -> synthetic_gradient
//  group            predictor        target                     what the prediction should have been
//  predictor        group            targets_dropped            it fell behind; counted for the report
//  predictor        solver           solve -> solved            a closed-form solution, in the background
//  source, group    group above      flush_mark                 no more batches for now: apply what is outstanding
//  top group        coordinator      batch_done, evaluated      the loss of a batch
//  group            coordinator      batch_alone                a batch ended here: the network above is away
//                   -> source        so that it counts them, too
//  group            coordinator      evaluation_missed          one of its batches ended here, likewise
//                   -> source        it is given up: training goes on
//  source, group    group above      checkpoint_mark            rides between two batches: the state as it is then is
//                                                               saved
//  group            group below      checkpoint_return          after its own save: gradients that came before it
//                                                               belong to what the group below saves
//  group            predictor        save_predictor             when its group saves
//  source, group,   coordinator      part_saved, part_not_saved
//  predictor
//  source           coordinator      checkpoint_begun           with its mark
//  top group        coordinator      checkpoint_passed          when the mark passes
//  coordinator      source           take_checkpoint            answered, once all parts are there or it was given up,
//                                    checkpoint_over            by this
//  group            coordinator      flushed
//  source           coordinator      training_ended             after its flush mark
//  source           coordinator      all_sent                   where batches may end at a gap, before a flush mark:
//                                                               answered by train (so many in all) or stop_training
//  any              coordinator      failure
//  coordinator      source           train, resume_training, stop_training, evaluate
//  coordinator      group            report_request -> group_report
//  link             group            neighbour_away, neighbour_back    its connection is lost; both ends go on
//  process          process          control_message            orders, weights, traces: distributed/
//  anybody          any              describe_request           what it waits for, kept as a promise
//
// To themselves, when a stream is past what it was given: work_done, evaluation_done, departure; to the source, when a
// batch that it waits for is read: data_ready.
//
// In-process messages carry tensor handles; links between nodes translate them to frames of their own. Who is in which
// process, and what processes say to each other about a run: distributed/.
#pragma once

#include "actors/gradient_demand.hpp"
#include "actors/summary.hpp"
#include "models/chosen_samples.hpp"
#include "models/layer.hpp"
#include "models/objective.hpp"
#include "models/saved_state.hpp"
#include "models/synthetic_gradient_model.hpp"
#include "runtime/tensor.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace syngrad {

// First in every message from an actor: which message caused it, when, for which batch and from which weights.
struct message_context {
  std::uint64_t id = 0;     // actor 16 bits (after 8 bits of node), sequence 40 bits
  std::uint64_t parent = 0; // the message whose handling sent this one
  std::int64_t sent_ns = 0; // steady clock
  std::uint64_t batch = 0;
  std::uint32_t version = 0; // weight version of the sender
};

// The batch of messages that belong to no training batch: orders, evaluations, reports.
inline constexpr std::uint64_t no_batch = ~std::uint64_t{0};

struct activation {
  message_context context;
  phase mode = phase::train;
  std::uint64_t evaluation = 0; // which evaluation it belongs to, in phase::evaluate
  tensor values;                // [batch, features]
  tensor targets;               // of the objective: labels i32 [batch], or values f32 [batch, outputs]
  std::int64_t samples = 0;
  std::int64_t terms = 0; // of the loss: what an update divides by
  std::int64_t step = 0;  // of the run's schedule, in phase::train: batches that ended at gaps are no steps
  tensor following = {};  // labels i32 [samples, n] of what follows each sample, in phase::train; null: not asked for
};

struct gradient {
  message_context context;
  gradient_kind kind = gradient_kind::none;
  tensor values;              // per sample, [rows, features]
  chosen_samples chosen = {}; // that the values are of; null: all of the batch
};

struct audit_gradient {
  message_context context;
  tensor values; // the true gradient, per sample
};

struct gradients_wanted {
  message_context context;
  std::uint64_t every = 1; // from now on: of the batches that this divides
};

struct predict {
  message_context context;
  tensor values;
  tensor targets;
};

struct synthetic_gradient {
  message_context context;
  tensor values;
};

struct target {
  message_context context;
  gradient_kind kind = gradient_kind::none;
  tensor values; // the activation
  tensor targets;
  tensor gradient;
  chosen_samples chosen = {}; // that the gradient is of; null: all of the batch
};

struct solve {
  message_context context;
  std::shared_ptr<background_solve> work;
};

struct solved {
  message_context context;
  std::shared_ptr<background_solve> work;
  event done;
};

struct targets_dropped {
  message_context context;
  std::int64_t count = 0; // so far
};

struct credit {
  message_context context;
  std::int64_t batches = 0;
};

struct flush_mark {
  message_context context;
};

struct checkpoint_mark {
  message_context context;
  std::int64_t step = 0; // whole batches that went before it: the number of the checkpoint
};
struct checkpoint_return {
  message_context context;
  std::int64_t step = 0;
};
struct save_predictor {
  message_context context;
  std::int64_t step = 0;
};
struct checkpoint_begun {
  message_context context;
  std::int64_t step = 0;
};
struct checkpoint_passed {
  message_context context;
  std::int64_t step = 0;
};
struct part_saved {
  message_context context;
  std::int64_t step = 0;
  std::shared_ptr<saved_part> part; // a group and its predictor save two of one name
};
struct part_not_saved { // the run goes on
  message_context context;
  std::int64_t step = 0; // below 0: a checkpoint that was asked for is not begun
  std::string why;
};
struct take_checkpoint {
  message_context context;
};
struct checkpoint_over {
  message_context context;
};

struct batch_done {
  message_context context;
  double loss = 0; // not_measured: none of its rows has a target
};

// Trained by the groups below a gap in the network only: the source has to send one more.
struct batch_alone {
  message_context context;
};

struct evaluated {
  message_context context;
  std::uint64_t evaluation = 0;
  std::int64_t samples = 0;
  loss_totals totals; // over their loss terms
};

// Of one of its batches; not after the last training batch, when there is nothing else to do than to wait.
struct evaluation_missed {
  message_context context;
  std::uint64_t evaluation = 0;
};

struct flushed {
  message_context context;
  int group = 0;
};

// A number that is not finite, an exception: what went wrong, where, and with which batch.
struct failure {
  message_context context;
  std::string what;
  std::uint64_t batch = 0;
  bool skipped = false; // the update was left out and the run goes on
};

// To the actor itself, when its stream is past the work of a batch: results may be read on the host.
struct work_done {
  message_context context;
  bool settled = false; // every gradient of the batch was dealt with; else only the batch's own turn is over
  bool leisure = false; // of no batch: there was nothing else to do when this was asked for
  enum class checkpoint_stage : std::uint8_t { none, settled, copied } checkpoint = checkpoint_stage::none;
};

// To the top or another group itself: an evaluation batch has passed; `result` is the loss output at the top, else
// null.
struct evaluation_done {
  message_context context;
  std::uint64_t evaluation = 0;
  std::int64_t samples = 0;
  std::int64_t terms = 0;
  tensor result;
};

// To the sender itself, when its copy stream is past the copies of the tensors in `content`: it may leave. See
// crossing_actor.
struct departure {
  message_context context; // of the content
  caf::actor to;
  std::variant<activation, gradient, audit_gradient, flush_mark, checkpoint_mark, checkpoint_return> content;
};

struct data_ready {
  message_context context;
};

// Who is whose neighbour; sent once, before anything else.
struct connect {
  caf::actor below;     // source or group
  caf::actor above;     // group, null at the top
  caf::actor predictor; // null where gradients are not predicted
  caf::actor coordinator;
};

struct train {
  message_context context;
  std::int64_t steps = 0;
};
struct resume_training { // an evaluation is complete: go on training
  message_context context;
};
struct stop_training {
  message_context context;
};
struct evaluate {
  message_context context;
  std::uint64_t evaluation = 0;
  bool on_test_set = false;
};
struct evaluation_begun {
  message_context context;
  std::uint64_t evaluation = 0;
  std::int64_t step = 0;    // training batches that went before
  std::int64_t samples = 0; // that will come back as `evaluated`
  bool on_test_set = false;
};
struct training_ended {
  message_context context;
  std::int64_t steps = 0;        // batches that were sent
  std::int64_t data_wait_ns = 0; // see data_wait.hpp
};

struct all_sent {
  message_context context;
  std::int64_t steps = 0; // batches so far
};

// Over which time the means of a report are taken.
enum class report_span : std::uint8_t { run, since_last_interval };
struct report_request {
  message_context context;
  std::uint64_t number = 0;
  report_span span = report_span::run;
};
struct report {
  message_context context;
  std::uint64_t number = 0;
  group_report of_group;
};
struct describe_request {
  std::shared_ptr<std::promise<std::string>> answer; // a line; broken where the actor has ended
};
struct neighbour_away {
  message_context context;
};
struct neighbour_back {
  message_context context;
};
struct control_message { // `type` and `bytes` are the business of its ends
  message_context context;
  std::uint16_t type = 0;
  std::vector<char> bytes;
};
struct interrupt_run {};
struct progress_tick {};
struct next_target { // a predictor to itself: train on the next target, after what came in meanwhile
  message_context context;
};

// Of a message's tensors.
template <class M>
std::size_t tensor_bytes(const M& message) {
  std::size_t sum = 0;
  const auto add = [&sum](const tensor& part) { sum += part ? part.bytes() : 0; };
  if constexpr (requires { message.values; }) add(message.values);
  if constexpr (requires { message.targets; }) add(message.targets);
  if constexpr (requires { message.following; }) add(message.following);
  if constexpr (requires { message.gradient; }) add(message.gradient);
  if constexpr (requires { message.chosen; }) {
    add(message.chosen.numbers);
    add(message.chosen.weights);
  }
  return sum;
}

} // namespace syngrad

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::activation)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::gradient)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::audit_gradient)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::gradients_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::predict)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::synthetic_gradient)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::target)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::solve)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::solved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::targets_dropped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::credit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::flush_mark)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::checkpoint_mark)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::checkpoint_return)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::save_predictor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::checkpoint_begun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::checkpoint_passed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::part_saved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::part_not_saved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::take_checkpoint)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::checkpoint_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::batch_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::batch_alone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::evaluated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::evaluation_missed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::flushed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::failure)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::work_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::evaluation_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::departure)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::data_ready)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::connect)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::train)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::resume_training)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::stop_training)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::evaluate)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::evaluation_begun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::training_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::all_sent)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::report_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::describe_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::neighbour_away)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::neighbour_back)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::control_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::interrupt_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::progress_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::next_target)
