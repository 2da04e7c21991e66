// An optimizer updates the values of an arena from its gradients, a range (a layer) at a time: one kernel, and one more
// where weight decay takes a part of the layer only; where matrices are trained as such, more for each of them.
//
// One instance belongs to one arena, and holds its moments in the arena's layout.
#pragma once

#include "models/arena.hpp"
#include "runtime/operators.hpp"
#include "runtime/result.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

struct optimizer_settings {
  std::string name = "adam";   // sgd | adam | adamw | adam8bit | adafactor | nadam | lion | muon
  std::string moments = "f32"; // f32 | bf16, rounded at random; adam8bit has 8 bits
  float momentum = 0;          // sgd
  bool nesterov = false;       // sgd
  float weight_decay = 0;
  // Of all but sgd; muon trains by adamw what is no matrix.
  float beta1 = 0.9f;
  std::optional<float> beta2 = std::nullopt; // none: 0.999, of lion 0.99
  float epsilon = 1e-8f;                     // of all but sgd and lion
  float adam_ratio = 0.05f;                  // muon: the rate of what it trains by adamw, as a part of its own
  std::int64_t muon_every = 10; // muon: steps that share what makes directions orthogonal; see optimizers/muon.cpp

  dtype moment_type() const { return moments == "bf16" ? dtype::bf16 : dtype::f32; }
  bool has_choice_of_moments() const {
    return name != "adam8bit" && name != "adafactor" && (name != "sgd" || momentum != 0);
  }
  // Whether a step depends on optimizer_step::rounding.
  bool rounds_moments() const { return moments != "f32" || name == "adam8bit"; }
  float update_clip = 1;       // adafactor: the largest root mean square of an update, before the rate
  bool relative_steps = false; // adafactor: the rate is at most 1 / sqrt(step), as in torch.optim.Adafactor

  float second_beta() const { return beta2.value_or(name == "lion" ? 0.99f : 0.999f); }
};

struct optimizer_step {
  float scale = 1; // gradients are multiplied by it: 1 / batch size
  float learning_rate = 0;
  std::int64_t number = 0;       // counts from 1
  const tensor* guard = nullptr; // see step_arguments
  tensor* nonfinite = nullptr;   // one scalar
  const tensor* squared_norm = nullptr;
  float largest_norm = 0;
  std::uint32_t rounding = 0;      // see step_arguments; of this layer and step
  const tensor* numbers = nullptr; // what numbers_of() gave, in device memory: instead of all of the above
};

class optimizer {
public:
  virtual ~optimizer() = default;
  virtual void step(stream&, arena&, arena_range, const optimizer_step&);
  // Steps of two kinds differ in the work that they enqueue, not in numbers alone.
  virtual unsigned kind_of_step([[maybe_unused]] std::int64_t number) const { return 0; }
  // What of a step cannot be part of a recording.
  virtual step_numbers numbers_of(const optimizer_step&) const = 0;
  virtual std::vector<tensor*> moments() = 0; // for checkpoints; empty where there are none
  // The part of a layer, which has that range of the arena: views, whose shapes depend on the layer alone. Unless
  // overridden all moments are laid out as the arena.
  virtual std::vector<tensor> moments_of(const arena_range&);
  // Of a step's products, a mean over steps. What is done element by element is not counted.
  virtual double multiply_adds_per_step() const { return 0; }

protected:
  explicit optimizer(float weight_decay) : weight_decay_(weight_decay) {}

private:
  // Of the elements from `first` on. `number` is that of the step.
  virtual void step_part(stream&, const step_arguments&, std::int64_t first, std::int64_t number) = 0;

  float weight_decay_;
};

// What training changes in the two.
learned_state learned_by(const arena&, optimizer&);

// The rate where none is given.
float usual_learning_rate(const optimizer_settings&);

std::vector<std::string> known_optimizers();
std::vector<std::string> known_moments();

// Whether the name is known and the numbers are in range; the message says what is.
status check_optimizer(const optimizer_settings&);

// `first_element`: of the layer, that `value` begins with.
step_arguments arguments_of(tensor& value, const tensor& gradient, float weight_decay, std::int64_t first_element,
                            const optimizer_step&);

// Fails as check_optimizer does.
result<std::unique_ptr<optimizer>> make_optimizer(stream&, const arena&, const optimizer_settings&);

// The numbers of the optimizer steps to come, in device memory: uploaded before recorded work that reads them is
// replayed.
//
// Used by one actor, on one stream, whose order keeps an upload from overtaking the steps before.
class uploaded_numbers {
public:
  // The same count each time: their address stays.
  void upload(stream& s, std::span<const step_numbers> values) {
    const auto bytes = static_cast<std::int64_t>(values.size_bytes());
    if (!all_) all_ = make_tensor(s, {bytes}, dtype::u8);
    assert(all_.elements() == bytes);
    s.ops().upload(s, values.data(), all_);
  }

  tensor of_step(std::size_t i) const {
    constexpr auto size = static_cast<std::int64_t>(sizeof(step_numbers));
    return all_.view(static_cast<std::int64_t>(i) * size, {size});
  }

private:
  tensor all_;
};

} // namespace syngrad
