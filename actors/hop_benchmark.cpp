#include "actors/hop_benchmark.hpp"

#include "actors/actor_system.hpp"
#include "actors/observed_actor.hpp"

#include <future>

namespace syngrad {

namespace {

// Answers each question with an empty gradient.
class answering_actor : public observed_actor {
public:
  answering_actor(caf::actor_config& config, actor_place place) : observed_actor(config, place, "answering") {}

protected:
  caf::behavior make_behavior() override { return with_describe({on(&answering_actor::handle_predict)}); }
  std::string describe() override { return "waits for a question"; }

private:
  void handle_predict(predict& asked) {
    send(caf::actor_cast<caf::actor>(current_sender()), synthetic_gradient{context_for(asked.context.batch), {}});
  }
};

class asking_actor : public observed_actor {
public:
  asking_actor(caf::actor_config& config, actor_place place, caf::actor other, int rounds, std::promise<double>& result)
    : observed_actor(config, place, "asking"), other_(std::move(other)), rounds_(rounds), result_(result) {}

protected:
  caf::behavior make_behavior() override {
    ask();
    return with_describe({on(&asking_actor::handle_answer)});
  }
  std::string describe() override { return "waits for an answer"; }

private:
  void ask() { send(other_, predict{context_for(static_cast<std::uint64_t>(done_)), {}, {}}); }
  void handle_answer(synthetic_gradient&) {
    if (++done_ == warm_up) began_ = steady_now_ns();
    if (done_ < warm_up + rounds_) {
      ask();
      return;
    }
    result_.set_value(static_cast<double>(steady_now_ns() - began_) * 1e-3 / rounds_);
    send_exit(other_, caf::exit_reason::user_shutdown);
    other_ = nullptr;
    quit();
  }

  static constexpr int warm_up = 100;
  caf::actor other_;
  int rounds_, done_ = 0;
  std::promise<double>& result_;
  std::int64_t began_ = 0;
};

} // namespace

double measure_hop_us(int threads, int rounds) {
  std::promise<double> result;
  owned_actor_system system(threads, 1);
  const auto other = system.get().spawn<answering_actor>(actor_place{1});
  system.get().spawn<asking_actor>(actor_place{2}, other, rounds, std::ref(result));
  return result.get_future().get();
}

} // namespace syngrad
