// What an LSTM and a GRU have in common: x [batch, positions, inputs] -> the hidden states [batch, positions, hidden].
//
// The products with the inputs of all positions are one; those with the hidden state follow position by position
// (runtime/operators/recurrent.hpp has the equations). Gradients go back through the positions of a batch and end
// there: backpropagation through time, truncated. Or what would come from later batches is predicted, added at the last
// position, and learnt from what then arrives before the first one (later_gradient.hpp). The cache holds x, the gates,
// two states of each position, and those before and after the batch where that is predicted from them.
//
// With `carry`, row r of a training batch goes on from the last state of row r of the training batch before, and only
// the first begins at zero: for streams of text that are cut into chunks, batches of one size. Batches of other sizes
// than the first begin at zero and leave the state alone. Evaluation begins at zero unless it is told to go on, or
// where an evaluation begins; it has a state of its own. So neither depends on what was evaluated before. The state is
// no part of the weights: who goes on elsewhere begins at zero once.
#pragma once

#include "models/later_gradient.hpp"
#include "models/layer.hpp"
#include "runtime/operators.hpp"

#include <optional>

namespace syngrad {

class recurrent : public layer, private carrying_part {
public:
  struct options {
    bool carry = false;
  };

  std::string describe() const override; // "lstm 65->128, carrying"
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec& below) const override;
  std::size_t cached_tensors() const override { return options_.carry ? 6 : 4; }
  std::vector<carrying_part*> carrying_parts() override;
  bool works_by_position() const override { return true; }
  void continue_evaluations(bool wanted) override {
    continues_evaluations_ = wanted;
    evaluated_ = {};
  }

  // PyTorch's weight_ih_l0 [gates * hidden, inputs], weight_hh_l0 [gates * hidden, hidden], bias_ih_l0, bias_hh_l0.
  std::vector<parameter*> parameters() override;
  void initialize(stream&, random_source&) override; // uniform in +-1/sqrt(hidden)

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;

protected:
  struct kind {
    const char* name;
    std::int64_t gates;
    bool has_cell;
    void (recurrent_operators::*step)(stream&, const recurrent_step_arguments&);
    void (recurrent_operators::*step_backward)(stream&, const recurrent_step_backward_arguments&);
  };

  recurrent(const kind&, std::int64_t inputs, std::int64_t hidden, options);

private:
  struct state {
    tensor hidden, cell; // [batch, hidden], the latter null where the kind has none
  };

  std::int64_t inputs() const { return weight_ih_.extents[1]; }
  std::int64_t hidden() const { return weight_hh_.extents[1]; }
  std::int64_t width() const { return weight_hh_.extents[0]; } // of all gates
  state zero_state(stream&, std::int64_t batch) const;
  state* carried_by(stream&, std::int64_t batch, phase);
  static void restart_unless_finite(stream&, state&);
  tensor joined(stream&, const tensor& hidden, const tensor& cell) const;

  // carrying_part
  void begin_evaluation(stream&) override;
  void predict_later(stream&, const later_gradient::options&) override;
  learned_state learned() override;
  double multiply_adds_done() const override { return later_ ? later_->multiply_adds_done() : 0; }
  void keep(state_archive&) override;
  void keep_carried(stream&, std::vector<tensor>& kept) const override;
  void carry_on_from(stream&, std::span<const tensor>& kept) override;

  const kind& kind_;
  parameter weight_ih_, weight_hh_, bias_ih_, bias_hh_;
  options options_;
  bool continues_evaluations_ = false;
  state carried_, evaluated_;           // by training, by evaluation: null until the first batch that carries
  std::optional<later_gradient> later_; // none: it is taken for zero
  tensor ended_in_;                     // with later_: the state after the latest training batch; null: there was none
};

} // namespace syngrad
