// The fields of each message in their order on the wire, said once for both directions: `archive` is a header_writer or
// a header_reader. Tensors are described here; their elements follow the header.
#pragma once

#include "actors/links/link_messages.hpp"

namespace syngrad {

template <class A>
void fields(A& archive, activation& m) {
  archive(m.mode, phase::evaluate);
  archive(m.evaluation, m.step, m.samples, m.terms);
  archive.values(m.values, archive.formats().activations);
  archive.values(m.targets, wire_format::f32);
  archive.values(m.following, wire_format::f32);
}

template <class A>
void fields(A& archive, gradient& m) {
  archive(m.kind, gradient_kind::none);
  archive.gradient(m.values);
  archive(m.chosen.all);
  archive.values(m.chosen.numbers, wire_format::f32);
  archive.values(m.chosen.weights, wire_format::f32);
}

template <class A>
void fields(A& archive, audit_gradient& m) {
  archive.values(m.values, wire_format::f32);
}

template <class A>
void fields(A& archive, credit& m) {
  archive(m.batches);
}

template <class A>
void fields(A&, flush_mark&) {}

template <class A>
void fields(A& archive, batch_done& m) {
  archive(m.loss);
}

template <class A>
void fields(A& archive, evaluated& m) {
  archive(m.evaluation, m.samples, m.totals.loss, m.totals.sums[0], m.totals.sums[1], m.totals.terms);
}

template <class A>
void fields(A& archive, flushed& m) {
  archive(m.group);
}

template <class A>
void fields(A& archive, failure& m) {
  archive(m.what, m.batch, m.skipped);
}

template <class A>
void fields(A& archive, train& m) {
  archive(m.steps);
}

template <class A>
void fields(A&, resume_training&) {}

template <class A>
void fields(A&, stop_training&) {}

template <class A>
void fields(A& archive, evaluate& m) {
  archive(m.evaluation, m.on_test_set);
}

template <class A>
void fields(A& archive, evaluation_begun& m) {
  archive(m.evaluation, m.step, m.samples, m.on_test_set);
}

template <class A>
void fields(A& archive, training_ended& m) {
  archive(m.steps, m.data_wait_ns);
}

template <class A>
void fields(A& archive, report_request& m) {
  archive(m.number);
  archive(m.span, report_span::since_last_interval);
}

template <class A>
void fields(A& archive, report& m) {
  auto& group = m.of_group;
  archive(m.number, group.group, group.layers, group.updates, group.busy, group.starved, group.blocked);
  archive(group.staleness, group.cosine, group.norm_ratio, group.residual_weight);
  archive(group.gate.predicting, group.gate.correcting, group.gate.waiting, group.gate.turns);
  archive(group.audit_cosine, group.audit_norm_ratio, group.audit_bias);
  archive(group.parameters, group.predictor_parameters, group.predictor_share, group.dropped_targets);
  archive(group.samples, group.bytes_from_below, group.bytes_from_above, group.bytes_saved);
  archive(group.alone, group.clipped, group.activation_rms, group.gradient_rank, group.gradient_error);
  archive(group.multiply_adds, group.optimizer_multiply_adds, group.predictor_multiply_adds);
  archive(group.weight_bytes, group.gradient_bytes, group.moment_bytes, group.predictor_bytes, group.cache_bytes,
          group.most_in_flight);
  archive(group.fault.what, interface_fault::kind::activation);
  archive(group.fault.step, group.fault.norm_ratio);
}

template <class A>
void fields(A& archive, control_message& m) {
  archive(m.type);
  archive.bytes(m.bytes);
}

template <class A>
void fields(A& archive, gradients_wanted& m) {
  archive(m.every);
}

template <class A>
void fields(A&, batch_alone&) {}

template <class A>
void fields(A& archive, evaluation_missed& m) {
  archive(m.evaluation);
}

template <class A>
void fields(A& archive, message_context& context) {
  archive(context.id, context.parent, context.sent_ns, context.batch, context.version);
}

} // namespace syngrad
