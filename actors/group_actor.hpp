// Owns a layer group: trains it on the batches that come up, with the gradients that come down. The actor brings
// messages to the objects that the group consists of (group_parts.hpp), and sends what they say.
#pragma once

#include "actors/crossing_actor.hpp"
#include "actors/group_turn.hpp"

#include <vector>

namespace syngrad {

class group_actor : public crossing_actor, private group_outlet {
public:
  group_actor(caf::actor_config&, actor_context, group_setup);
  ~group_actor() override;

  caf::invoke_message_result consume(caf::mailbox_element&) override;

protected:
  caf::behavior make_behavior() override;
  std::string describe() override;
  waiting_reason waits_for() const override {
    return turn_.waits_for_credit() ? waiting_reason::credit : waiting_reason::input;
  }
  std::uint64_t current_batch() const override {
    return turn_.current() ? turn_.current()->batch : crossing_actor::current_batch();
  }
  std::uint32_t weight_version() const override { return parts_.version(); }
  void on_exit() override;

private:
  void handle_connect(connect&);
  void handle_activation(activation&);
  void handle_flush_mark(flush_mark& mark) { turn_.arrived(mark); }
  void handle_checkpoint_mark(checkpoint_mark& mark) { turn_.arrived(mark); }
  void handle_checkpoint_return(checkpoint_return& mark) { turn_.checkpoint().arrived(mark); }
  void handle_gradient(gradient&);
  void handle_audit_gradient(audit_gradient&);
  void handle_gradients_wanted(gradients_wanted& wanted) { parts_.below.wants(wanted.every); }
  void handle_synthetic_gradient(synthetic_gradient& answer) { turn_.arrived(answer); }
  void handle_targets_dropped(targets_dropped& dropped) { parts_.predictor.dropped(dropped.count); }
  void handle_credit(credit&);
  void handle_work_done(work_done&);
  void handle_evaluation_done(evaluation_done&);
  void handle_report_request(report_request&);
  // From the link to a neighbour in another process. What is on its way arrives when the network is back.
  void handle_neighbour_away(neighbour_away&);
  void handle_neighbour_back(neighbour_back&);
  bool current_sender_is_above() { return current_sender() == caf::actor_cast<caf::strong_actor_ptr>(above_.who); }

  // group_outlet
  message_context context_for(std::uint64_t batch, std::uint32_t version) override {
    return crossing_actor::context_for(batch, version);
  }
  message_context caused_by(std::uint64_t cause, std::uint64_t batch, std::uint32_t version) override {
    return crossing_actor::caused_by(cause, batch, version);
  }
  update_origin origin_of(const batch_record&, std::int64_t version) const override;
  void send_above(activation batch) override { send_across(above_, std::move(batch)); }
  void send_above(flush_mark mark) override { send_across(above_, mark); }
  void send_above(gradients_wanted wanted) override { send(above_.who, wanted); }
  void send_below(gradient values) override { send_across(below_, std::move(values)); }
  void send_below(audit_gradient values) override { send_across(below_, std::move(values)); }
  void send_below(credit granted) override { send(below_.who, granted); }
  void mark_above(checkpoint_mark mark) override { send_across(above_, mark); }
  void mark_below(checkpoint_return mark) override { send_across(below_, mark); }
  void save_predictor_with(save_predictor order) override { send(predictor_, order); }
  void ask_predictor(predict question) override { send(predictor_, std::move(question)); }
  void teach_predictor(target lesson) override { send(predictor_, std::move(lesson)); }
  void tell_coordinator(group_news) override;
  void when_complete(work_done) override;
  void when_complete(evaluation_done) override;

  std::uint32_t actor_id_;
  neighbour below_, above_;
  caf::actor predictor_;
  std::vector<caf::strong_actor_ptr> away_; // links whose other end is not to be reached
  group_parts parts_;
  group_gradients gradients_{parts_};
  group_turn turn_{parts_, gradients_};
};

} // namespace syngrad
