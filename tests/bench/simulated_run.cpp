#include "tests/bench/simulated_run.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace syngrad::bench {

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
constexpr std::uint32_t batch_bytes = 256 * 256 * 4;
constexpr std::size_t records_a_chunk = 8192;
constexpr std::uint16_t coordinator = 0, source = 1;

void must(const status& done) {
  if (!done) throw std::runtime_error(done.message());
}

std::uint32_t id_of(std::uint16_t actor) {
  return actor_id(0, static_cast<std::uint16_t>(actor + 1));
}

trace_names names_of(const simulated_run::settings& of) {
  trace_names names;
  std::uint16_t next = 0;
  names.actors[id_of(next++)] = {actor_role::coordinator, 0, "coordinator"};
  names.actors[id_of(next++)] = {actor_role::source, 0, "source"};
  for (int i = 0; i < of.groups; ++i)
    names.actors[id_of(next++)] = {actor_role::group, i, "group " + std::to_string(i)};
  for (int i = 0; i < of.groups; ++i)
    names.actors[id_of(next++)] = {actor_role::predictor, i, "predictor " + std::to_string(i)};
  names.facts = {{"policy", "synthetic"}, {"batch_size", "256"}, {"groups", std::to_string(of.groups)}};
  return names;
}

trace_file_header header() {
  trace_file_header made;
  made.run_id = 1;
  return made;
}

} // namespace

simulated_run::simulated_run(const settings& wanted)
  : settings_(wanted), threads_(static_cast<std::size_t>(wanted.threads)),
    writer_(trace_writer::create({wanted.folder, header()}, names_of(wanted))) {
  if (!writer_) throw std::runtime_error(writer_.message());
  for (const auto& [id, each] : names_of(wanted).actors) actors_.push_back({each.role, each.index, {}, false, 0, 0});
  for (auto& each : threads_) each.until_ns = never;
}

void simulated_run::write(const settings& wanted) {
  simulated_run(wanted).run();
}

void simulated_run::run() {
  for (int i = 0; i < settings_.batches_under_way; ++i)
    actors_[source].mailbox.push_back({0, 0, 0, no_trace_batch, 0, no_interface, trace_message::train});
  ready_.push_back(source);
  while (records_ < settings_.records) {
    for (auto& each : threads_)
      if (each.until_ns == never && !ready_.empty()) start(each);
    auto& next = *std::min_element(threads_.begin(), threads_.end(),
                                   [](const auto& a, const auto& b) { return a.until_ns < b.until_ns; });
    finish(next);
  }
  for (auto& each : threads_) flush(each);
  must(writer_->finish(0));
}

void simulated_run::start(thread& on) {
  on.actor = ready_.front();
  ready_.pop_front();
  auto& who = actors_[on.actor];
  who.runs = true;
  on.handled = who.mailbox.front();
  who.mailbox.pop_front();
  now_ns_ += 200 + random_.below(1800); // to wake up
  add(on, record_of(on, record_kind::begin));
  const bool works = on.handled.bytes > 0;
  on.until_ns = now_ns_ + (works ? 100'000 + random_.below(150'000) : 2000 + random_.below(4000));
}

void simulated_run::finish(thread& on) {
  now_ns_ = std::max(now_ns_, on.until_ns);
  act(on);
  add(on, record_of(on, record_kind::end));
  auto& who = actors_[on.actor];
  who.runs = false;
  on.until_ns = never;
  if (!who.mailbox.empty()) ready_.push_back(on.actor);
}

void simulated_run::act(thread& on) {
  const auto& who = actors_[on.actor];
  const auto below = who.index == 0 ? source : group(who.index - 1);
  const bool top = who.index == settings_.groups - 1;
  const auto type = on.handled.type;
  if (who.role == actor_role::source) {
    on.handled.batch = next_batch_++;
    send(on, group(0), trace_message::activation, batch_bytes);
  } else if (type == trace_message::predict) {
    send(on, group(who.index), trace_message::synthetic_gradient, batch_bytes);
  } else if (type == trace_message::activation && !top) {
    send(on, predictor(who.index), trace_message::predict, batch_bytes);
    send(on, group(who.index + 1), trace_message::activation, batch_bytes);
  } else if (type == trace_message::activation || type == trace_message::synthetic_gradient) {
    update(on);
    if (who.index > 0) send(on, below, trace_message::gradient, batch_bytes);
    send(on, top ? coordinator : on.actor, top ? trace_message::batch_done : trace_message::work_done, 0);
    if (top || who.index > 0) send(on, top ? source : below, trace_message::credit, 0);
  } else if (type == trace_message::gradient) {
    send(on, predictor(who.index), trace_message::target, batch_bytes);
    auto measured = record_of(on, record_kind::metric);
    measured.type = static_cast<std::uint8_t>(trace_measure::cosine);
    measured.value = std::bit_cast<std::uint32_t>(static_cast<float>(random_.uniform()));
    add(on, measured);
  }
}

void simulated_run::update(thread& on) {
  ++actors_[on.actor].version;
  auto moved = record_of(on, record_kind::update);
  moved.parent = on.handled.type == trace_message::activation ? on.handled.id : on.handled.parent;
  moved.type = static_cast<std::uint8_t>(applied_gradient::synthetic);
  add(on, moved);
  auto measured = record_of(on, record_kind::metric);
  measured.type = static_cast<std::uint8_t>(trace_measure::staleness);
  measured.value = std::bit_cast<std::uint32_t>(static_cast<float>(random_.below(6)));
  add(on, measured);
}

void simulated_run::send(thread& on, std::uint16_t to, trace_message type, std::uint32_t bytes) {
  now_ns_ += 100 + random_.below(400);
  auto sent = record_of(on, record_kind::send);
  sent.peer = id_of(to);
  sent.message = std::uint64_t{id_of(on.actor)} << 40 | ++actors_[on.actor].sequence;
  sent.parent = on.handled.id;
  sent.value = bytes;
  sent.type = static_cast<std::uint8_t>(type);
  add(on, sent);
  auto& receiver = actors_[to];
  receiver.mailbox.push_back({sent.message, sent.parent, sent.actor, sent.batch, bytes, sent.interface, type});
  if (receiver.mailbox.size() == 1 && !receiver.runs) ready_.push_back(to);
}

trace_record simulated_run::record_of(const thread& on, record_kind kind) const {
  const auto& who = actors_[on.actor];
  trace_record record;
  record.time_ns = now_ns_;
  record.message = on.handled.id;
  record.parent = on.handled.parent;
  record.actor = id_of(on.actor);
  record.peer = on.handled.sender;
  record.batch = on.handled.batch;
  record.version = who.version;
  record.value = kind == record_kind::begin ? on.handled.bytes : 0;
  record.interface = who.role == actor_role::group ? static_cast<std::uint16_t>(who.index) : no_interface;
  record.kind = kind;
  record.type = static_cast<std::uint8_t>(on.handled.type);
  return record;
}

void simulated_run::add(thread& on, const trace_record& record) {
  ++records_;
  on.records.push_back(record);
  if (on.records.size() == records_a_chunk) flush(on);
}

void simulated_run::flush(thread& on) {
  if (on.records.empty()) return;
  const auto ring = static_cast<std::uint16_t>(&on - threads_.data());
  must(writer_->append(ring, on.written, 0, on.records));
  on.written += on.records.size();
  on.records.clear();
}

} // namespace syngrad::bench
