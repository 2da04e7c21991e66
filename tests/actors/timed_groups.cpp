#include "tests/actors/timed_groups.hpp"

#include "actors/group_outline.hpp"
#include "actors/group_turn.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace syngrad::test {

namespace {

constexpr std::int64_t width = 2, rows = 2;

// Its input, after the time that a pass takes.
class timed_layer : public layer {
public:
  timed_layer(const timed_setup& of, double& clock, std::vector<char>& passes, std::vector<double>& begun)
    : of_(of), clock_(clock), passes_(passes), begun_(begun) {}

  std::string describe() const override { return "timed"; }
  result<sample_spec> infer(const sample_spec& below) const override { return below; }
  double multiply_adds(const sample_spec&) const override { return 1; }
  tensor forward(stream&, const tensor& x, phase, layer_cache) override {
    begun_.push_back(clock_);
    takes('F', of_.forward);
    return x;
  }
  tensor backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) override {
    takes('B', of_.input_gradient);
    make_or_defer(s, 0, dy, cache, wanted);
    return wanted.input_gradient ? dy : tensor();
  }
  void backward_parameters(stream&, int, const tensor&, layer_cache, bool) override {
    takes('W', of_.parameter_gradient);
  }

private:
  void takes(char pass, double time) {
    passes_.push_back(pass);
    clock_ += time;
  }

  const timed_setup& of_;
  double& clock_;
  std::vector<char>& passes_;
  std::vector<double>& begun_;
};

class timed_group;

class simulation {
public:
  explicit simulation(const timed_setup&);
  timed_result run();

private:
  friend class timed_group;
  struct event {
    double at = 0; // when it is there
    std::uint64_t number = 0;
    std::size_t to = 0;
    std::function<void(timed_group&)> handle;
    bool leisure = false;
  };

  void post(double at, std::size_t to, std::function<void(timed_group&)> handle, bool leisure = false) {
    events_.push_back({at, number_++, to, std::move(handle), leisure});
  }
  double& clock_of(std::size_t group) { return clocks_[static_cast<std::size_t>(setup_.worker_of[group])]; }
  event take_next();
  void feed(double at, std::int64_t credits);
  tensor zeros(dtype type, const shape& extents);

  timed_setup setup_;
  cpu_device cpu_;
  stream& work_ = cpu_.make_stream();
  std::vector<double> clocks_; // of workers: until then they are busy
  std::vector<event> events_;
  std::uint64_t number_ = 0;
  std::int64_t parts_, credits_ = 0, sent_ = 0;
  std::vector<std::vector<double>> begun_; // forward passes of each group
  std::vector<std::vector<char>> passes_;
  std::vector<std::unique_ptr<timed_group>> groups_;
};

class timed_group : public group_outlet {
public:
  timed_group(simulation& all, std::size_t index) : all_(all), index_(index) {
    const auto& settings = all.setup_.settings;
    const int count = static_cast<int>(settings.split.size());
    const run_edges edges(static_cast<std::size_t>(count));
    layer_list layers;
    layers.push_back(
      std::make_unique<timed_layer>(all.setup_, all.clock_of(index), all.passes_[index], all.begun_[index]));
    group_setup setup;
    setup.index = static_cast<int>(index);
    setup.count = count;
    setup.below = edges.below(index);
    setup.above = edges.above(index);
    setup.layers = std::make_shared<layer_group>(all.work_, sample_spec{{width}, dtype::f32}, std::move(layers),
                                                 optimizer_settings{}, 1, setup.index);
    setup.work = &all.work_;
    setup.policy = std::move(*make_update_policy(settings));
    setup.trained_for = std::move(*make_objective({}));
    setup.observer = std::make_shared<update_observer>();
    setup.deterministic = settings.deterministic;
    setup.lag = setup.index + 1 == count ? 0 : setup.policy->fixed_lag(setup.index, count);
    setup.credits = credits_of(settings, setup.index, count);
    setup.micro_batches = parts_of_batches(settings);
    const auto in_flight = setup.policy->most_in_flight(setup.index, count);
    setup.cache_limit = in_flight > 0 ? 2 * in_flight + 2 : cache_limit_of(settings, setup.index, count, setup.lag);
    parts_.emplace(std::move(setup), *this);
    gradients_.emplace(*parts_);
    turn_.emplace(*parts_, *gradients_);
  }

  void begin() { turn_->begin(); }
  void up(activation batch) { turn_->arrived(std::move(batch)); }
  void down(const gradient& values) {
    if (!gradients_->arrived(values, turn_->is_flushing())) throw std::logic_error("an unexpected gradient");
    turn_->advance();
  }
  void grant(std::int64_t credits) {
    parts_->above.grant(credits);
    turn_->advance();
  }
  void passed(const work_done& work) { turn_->passed(work); }
  std::int64_t most_in_flight() const { return parts_->kept.most_batches(); }
  std::int64_t updates() const { return parts_->setup.layers->version(); }
  bool is_idle() const { return parts_->window.is_empty(); }
  std::string describe() const { return turn_->describe(); }

private:
  message_context context_for(std::uint64_t batch, std::uint32_t version) override {
    return caused_by(0, batch, version);
  }
  message_context caused_by(std::uint64_t, std::uint64_t batch, std::uint32_t version) override {
    return {0, 0, 0, batch, version};
  }
  update_origin origin_of(const batch_record& record, std::int64_t version) const override {
    return {0, 0, record.batch, version, 0, 0};
  }
  void send_above(activation batch) override {
    all_.post(now() + all_.setup_.hop, index_ + 1, [batch](timed_group& to) { to.up(batch); });
  }
  void send_above(flush_mark) override {}
  void send_above(gradients_wanted) override {}
  void send_below(gradient values) override {
    all_.post(now() + all_.setup_.hop, index_ - 1, [values](timed_group& to) { to.down(values); });
  }
  void send_below(audit_gradient) override {}
  void send_below(credit granted) override {
    if (index_ == 0) return all_.feed(now(), granted.batches);
    all_.post(now() + all_.setup_.hop, index_ - 1, [granted](timed_group& to) { to.grant(granted.batches); });
  }
  void ask_predictor(predict) override {}
  void teach_predictor(target) override {}
  void tell_coordinator(group_news) override {}
  void when_complete(work_done passed) override {
    all_.post(
      now(), index_, [passed](timed_group& to) { to.passed(passed); }, passed.leisure);
  }
  void when_complete(evaluation_done) override {}
  double now() const { return all_.clock_of(index_); }

  simulation& all_;
  std::size_t index_;
  std::optional<group_parts> parts_;
  std::optional<group_gradients> gradients_;
  std::optional<group_turn> turn_;
};

simulation::simulation(const timed_setup& setup) : setup_(setup), parts_(parts_of_batches(setup.settings)) {
  const auto count = setup_.settings.split.size();
  if (setup_.worker_of.empty())
    for (std::size_t i = 0; i < count; ++i) setup_.worker_of.push_back(static_cast<int>(i));
  const auto last = *std::max_element(setup_.worker_of.begin(), setup_.worker_of.end());
  clocks_.resize(static_cast<std::size_t>(last) + 1);
  begun_.resize(count);
  passes_.resize(count);
  for (std::size_t i = 0; i < count; ++i) groups_.push_back(std::make_unique<timed_group>(*this, i));
}

tensor simulation::zeros(dtype type, const shape& extents) {
  auto out = make_tensor(work_, extents, type);
  std::memset(out.data(), 0, out.bytes());
  return out;
}

void simulation::feed(double at, std::int64_t credits) {
  credits_ += credits;
  for (; credits_ > 0 && sent_ < setup_.settings.steps * parts_; --credits_, ++sent_) {
    const activation batch{{0, 0, 0, static_cast<std::uint64_t>(sent_), 0},
                           phase::train,
                           0,
                           zeros(dtype::f32, {rows, width}),
                           zeros(dtype::i32, {rows}),
                           rows,
                           rows,
                           sent_ / parts_};
    post(at, 0, [batch](timed_group& to) { to.up(batch); });
  }
}

// The one that begins first; of those the one that has been there for longest, and what comes from others before what a
// group tells itself for want of anything else to do.
simulation::event simulation::take_next() {
  const auto key = [this](const event& of) {
    return std::tuple(std::max(of.at, clock_of(of.to)), of.at, of.leisure, of.number);
  };
  const auto next =
    std::min_element(events_.begin(), events_.end(), [&](const event& a, const event& b) { return key(a) < key(b); });
  auto taken = std::move(*next);
  events_.erase(next);
  return taken;
}

timed_result simulation::run() {
  for (const auto& each : groups_) each->begin();
  while (!events_.empty()) {
    const auto next = take_next();
    auto& clock = clock_of(next.to);
    clock = std::max(clock, next.at);
    next.handle(*groups_[next.to]);
  }
  timed_result out;
  for (const auto& each : groups_) {
    if (!each->is_idle()) throw std::logic_error("stuck: " + each->describe());
    out.most_in_flight.push_back(each->most_in_flight());
  }
  out.updates = groups_.front()->updates();
  out.passes = passes_;
  const auto steps = setup_.settings.steps, first = steps / 4, last = steps - 1 - steps / 4;
  const auto begin_of = [&](std::int64_t step) { return begun_[0][static_cast<std::size_t>(step * parts_)]; };
  if (last > first) out.a_step = (begin_of(last) - begin_of(first)) / static_cast<double>(last - first);
  const auto work = static_cast<double>(parts_) * (setup_.forward + setup_.input_gradient + setup_.parameter_gradient);
  out.idle.assign(clocks_.size(), 1);
  for (const auto worker : setup_.worker_of) out.idle[static_cast<std::size_t>(worker)] -= work / out.a_step;
  return out;
}

} // namespace

timed_result run_timed(const timed_setup& setup) {
  return simulation(setup).run();
}

timed_setup timed_pipeline(const std::string& schedule, int workers, std::int64_t micro_batches, std::int64_t steps) {
  timed_setup out;
  out.settings.policy = "pipeline";
  out.settings.pipeline = pipeline_schedule::parse(schedule).value();
  out.settings.micro_batches = micro_batches;
  out.settings.batch_size = micro_batches;
  out.settings.steps = steps;
  const int groups = workers * out.settings.pipeline.chunks;
  out.settings.split.assign(static_cast<std::size_t>(groups), 1);
  for (int i = 0; i < groups; ++i) out.worker_of.push_back(worker_of(out.settings.pipeline, i, groups));
  return out;
}

double idle_by_formula(const timed_setup& of) {
  const auto& schedule = of.settings.pipeline;
  const double all = of.forward + of.input_gradient + of.parameter_gradient;
  const int groups = static_cast<int>(of.settings.split.size()), workers = groups / schedule.chunks;
  const double a_bubble = schedule.splits_backward()
                            ? of.forward + of.input_gradient - schedule.forward_passes_ahead * of.parameter_gradient
                            : all;
  const double bubble = (workers - 1) * a_bubble,
               work = schedule.chunks * static_cast<double>(of.settings.micro_batches.value()) * all;
  return bubble / (bubble + work);
}

} // namespace syngrad::test
