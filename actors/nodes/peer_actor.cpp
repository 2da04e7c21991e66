#include "actors/nodes/peer_actor.hpp"

#include "actors/links/link_messages.hpp"
#include "actors/time_account.hpp"
#include "runtime/trace/trace_record.hpp"

#include <algorithm>

namespace syngrad {

namespace {

constexpr std::int64_t long_enough_ns = 10'000'000;
constexpr std::int64_t too_long_ns = 1'000'000'000; // for a second one
constexpr std::size_t samples_wanted = 3;

struct tick_order {};
struct time_over {
  std::uint64_t limit = 0;
};

constexpr std::uint64_t rate_chunk_bytes = rate_meter::least_burst;

std::chrono::nanoseconds seconds(double value) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(value * 1e9));
}

// Often enough for the time-out, and no more than once a second.
std::chrono::nanoseconds ping_interval(const network_settings& settings) {
  return seconds(std::min(1.0, settings.peer_timeout_s / 8));
}

std::string show_seconds(double value) {
  auto text = std::to_string(value);
  return text.substr(0, text.find('.') + 2) + " s";
}

} // namespace

std::optional<double> rate_meter::take(std::int64_t took_ns, std::int64_t round_trip_ns) {
  // The round trip is a measurement, too: on a busy machine it can come out longer than all of the burst.
  const auto own_ns = std::max({took_ns - round_trip_ns, took_ns / 8, std::int64_t{1000}});
  if (own_ns < std::max(long_enough_ns, round_trip_ns) && 4 * burst_ <= most_bytes_) {
    burst_ *= 4;
    return std::nullopt;
  }
  rates_.push_back(static_cast<double>(burst_) * 1e9 / static_cast<double>(own_ns));
  if (rates_.size() < samples_wanted && own_ns < too_long_ns) return std::nullopt;
  const auto middle = rates_.begin() + static_cast<std::ptrdiff_t>(rates_.size() / 2);
  std::nth_element(rates_.begin(), middle, rates_.end());
  return *middle;
}

} // namespace syngrad

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::tick_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::time_over)

namespace syngrad {

peer_actor::peer_actor(caf::actor_config& config, peer_setup setup)
  : caf::event_based_actor(config), setup_(std::move(setup)), identity_(setup_.expected) {
  set_default_handler(caf::drop);
  set_down_handler([this](caf::down_msg& down) {
    if (setup_.owner && setup_.owner.address() == down.source) return quit();
    if (session_ && session_->remote().address() == down.source)
      return lose(down.reason == caf::exit_reason::remote_link_unreachable ? "the connection was lost"
                                                                           : "the other side closed the connection");
    went_down(down.source);
  });
}

caf::behavior peer_actor::make_behavior() {
  if (setup_.owner) monitor(setup_.owner);
  delayed_send(this, ping_interval(context().settings), tick_order{});
  seek();
  return handlers().or_else(caf::message_handler{
    [this](tick_order) { tick(); },
    [this](time_over late) {
      if (late.limit == time_limit_ && !up()) die(waits_because_.empty() ? "it stayed away" : waits_because_);
    },
    [this](link_offer& offer) {
      if (is_of_session(offer.session)) session_->add_remote(offer);
    },
    [this](const clock_ping& ping) { answer_ping(ping); }, [this](const clock_pong& pong) { take_pong(pong); },
    [this](const rate_chunk& chunk) {
      if (is_of_session(chunk.session) && chunk.follow == 0)
        caf::anon_send(session_->remote(), rate_answer{chunk.session, chunk.began});
    },
    [this](const rate_answer& there) { take_rate(there); }, [this](const register_link& order) { take_link(order); },
    [this](const forget_link& order) {
      links_.erase(order.number);
      if (session_) session_->forget(order.number);
    },
    [this](const measure_rate& order) { measure(order); },
    [this](const leave_peer&) {
      if (session_) session_->close("this process leaves");
      quit();
    },
    [this](const describe_request& asked) { asked.answer->set_value(describe()); }});
}

void peer_actor::on_exit() {
  abandon();
  if (session_) session_->close("this process ends");
  session_.reset();
  links_.clear();
  setup_.owner = nullptr;
}

std::string peer_actor::title() const {
  const auto name = identity_.name.empty() ? std::string() : "'" + identity_.name + "'";
  if (identity_.address.port == 0) return name;
  return name.empty() ? to_text(identity_.address) : name + " (" + to_text(identity_.address) + ")";
}

void peer_actor::limit_time(double limit_s) {
  delayed_send(this, seconds(limit_s), time_over{++time_limit_});
}

void peer_actor::wait_because(const std::string& why) {
  if (why == waits_because_) return;
  waits_because_ = why;
  if (setup_.owner) caf::anon_send(setup_.owner, peer_waiting{setup_.node, why});
}

void peer_actor::establish(std::uint64_t number, session_port_handle port, caf::actor remote,
                           process_identity identity) {
  lose("the other side connected anew");
  ++time_limit_;
  waits_because_.clear();
  ++sessions_;
  last_session_ = number;
  identity_ = std::move(identity);
  session_.emplace(system(), number, std::move(port), remote);
  gauges().last_heard_ns = steady_now_ns();
  gauges().stands = peer_gauges::standing::up;
  monitor(remote);
  if (setup_.owner) caf::anon_send(setup_.owner, peer_up{setup_.node, number, identity_});
  for (const auto& [link_number, link] : links_) session_->add_local(link_number, link);
  caf::anon_send(remote, clock_ping{number, steady_now_ns()});
}

void peer_actor::lose(const std::string& why) {
  if (!session_) return;
  demonitor(session_->remote());
  session_->close(why);
  session_.reset();
  gauges().stands = peer_gauges::standing::away;
  if (setup_.owner) caf::anon_send(setup_.owner, peer_down{setup_.node, why, last_heard_s()});
  limit_time(context().settings.reconnect_for_s);
  seek();
}

void peer_actor::die(const std::string& why) {
  gauges().stands = peer_gauges::standing::dead;
  if (session_) session_->close(why);
  session_.reset();
  // The owner hears of it before the links end: the reason is here, and a link's end would say less.
  if (setup_.owner) caf::anon_send(setup_.owner, peer_dead{setup_.node, why, was_up() ? last_heard_s() : -1});
  for (const auto& [number, link] : links_) caf::anon_send(link, link_dead{why});
  quit();
}

// A process that was stopped itself has heard nothing meanwhile: that time does not count as the others' silence.
void peer_actor::tick() {
  const auto interval = ping_interval(context().settings);
  delayed_send(this, interval, tick_order{});
  const auto now = steady_now_ns();
  const auto was_stopped = last_tick_ns_ != 0 && now - last_tick_ns_ > 3 * interval.count();
  last_tick_ns_ = now;
  if (!session_) return;
  if (was_stopped) gauges().last_heard_ns = now;
  const auto silent_s = last_heard_s();
  if (silent_s > context().settings.peer_timeout_s * 0.9)
    return lose("nothing was heard for " + show_seconds(silent_s));
  caf::anon_send(session_->remote(), clock_ping{session_->number(), now});
}

bool peer_actor::is_of_session(std::uint64_t number) {
  if (!session_ || session_->number() != number) return false;
  gauges().last_heard_ns = steady_now_ns();
  return true;
}

void peer_actor::answer_ping(const clock_ping& ping) {
  const auto now = steady_now_ns();
  if (is_of_session(ping.session))
    caf::anon_send(session_->remote(), clock_pong{ping.session, ping.t0, now, steady_now_ns()});
}

void peer_actor::take_pong(const clock_pong& pong) {
  const auto now = steady_now_ns();
  if (!is_of_session(pong.session) || pong.t0 > now || pong.t1 > pong.t2) return;
  const clock_sample sample{setup_.own_node, setup_.node, pong.t0, pong.t1, pong.t2, now};
  const auto round_trip = std::max<std::int64_t>(2 * sample.uncertainty_ns(), 1);
  auto& least = gauges().round_trip_ns;
  if (least == 0 || round_trip < least) least = round_trip;
  if (setup_.recorder && setup_.recorder->on()) setup_.recorder->record(record_of(sample));
}

void peer_actor::measure(const measure_rate& order) {
  meter_.emplace(order.most_bytes);
  if (session_) send_burst();
}

void peer_actor::send_burst() {
  const auto now = steady_now_ns();
  // The round trip is measured first, and now, while nothing else uses the connection.
  caf::anon_send(session_->remote(), clock_ping{session_->number(), now});
  burst_began_ns_ = now;
  rate_chunk chunk{session_->number(), now, 0, std::vector<char>(rate_chunk_bytes)};
  for (auto left = meter_->burst() / rate_chunk_bytes; left > 0; --left) {
    chunk.follow = static_cast<std::uint32_t>(left - 1);
    caf::anon_send(session_->remote(), chunk);
  }
}

void peer_actor::take_rate(const rate_answer& there) {
  if (!is_of_session(there.session) || !meter_ || there.began != burst_began_ns_) return;
  const auto rate = meter_->take(steady_now_ns() - burst_began_ns_, gauges().round_trip_ns);
  if (!rate) return send_burst();
  meter_.reset();
  gauges().bytes_per_second = *rate;
  if (setup_.owner) caf::anon_send(setup_.owner, peer_rate{setup_.node, *rate});
}

void peer_actor::take_link(const register_link& order) {
  links_[order.number] = order.link;
  if (session_) session_->add_local(order.number, order.link);
}

double peer_actor::last_heard_s() const {
  return static_cast<double>(steady_now_ns() - gauges().last_heard_ns) * 1e-9;
}

std::string peer_actor::describe() const {
  const auto who = "peer " + title() + ": ";
  if (up()) return who + "connected, heard of " + show_seconds(last_heard_s()) + " ago";
  return who + (waits_because_.empty() ? "not connected" : waits_because_);
}

} // namespace syngrad
