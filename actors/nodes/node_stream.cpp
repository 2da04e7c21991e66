#include "actors/nodes/node_stream.hpp"

#include <algorithm>
#include <caf/io/network/default_multiplexer.hpp>
#include <sys/socket.h>
#include <utility>

namespace syngrad {

namespace {

// Before others have their turn.
constexpr int most_reads = 50;
constexpr std::size_t most_written = std::size_t{1} << 20;

using moved = byte_channel::outcome::kind;

} // namespace

node_stream::node_stream(caf::io::network::default_multiplexer& loop, int socket, std::unique_ptr<byte_channel> channel,
                         origin came, std::shared_ptr<open_connections> connections,
                         caf::io::network::stream_manager& manager)
  : event_handler(loop, socket), channel_(std::move(channel)), origin_(came), connections_(std::move(connections)),
    manager_(manager) {
  const int yes = 1; // a machine that is gone is noticed in the end, whatever heartbeats are
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
}

node_stream::~node_stream() {
  if (launched_) connections_->remove(*this);
}

void node_stream::launch() {
  launched_ = true;
  connections_->add(*this);
  activate();
  prepare_read();
}

void node_stream::activate() {
  if (!over_ && !is_leaving()) watch(operation::read, true);
}

void node_stream::configure_read(caf::io::receive_policy::config config) {
  how_ = config.first;
  most_ = config.second;
  if (!launched_) launch();
}

void node_stream::flush() {
  if (!over_) watch_for_writing();
}

void node_stream::fail() {
  const manager_ptr alive(&manager_);
  manager_.io_failure(&backend(), operation::read);
  cut();
}

void node_stream::cut() {
  over_ = true;
  ::shutdown(fd(), SHUT_RDWR);
  watch(operation::read, false);
  watch(operation::write, false);
}

void node_stream::graceful_shutdown() {
  if (over_ || is_leaving()) return;
  state_.shutting_down = true;
  const bool all_sent = written_ == out_.size() && waiting_.empty();
  if (all_sent || write_waits_for_input_ || connections_->is_stranger(fd())) return cut();
  connections_->leaves(*this);
}

void node_stream::removed_from_loop(operation what) {
  (what == operation::read ? kept_for_reading_ : kept_for_writing_).reset();
}

// CAF says nothing where an interest is withdrawn before it was registered, so the reference is dropped here.
void node_stream::watch(operation what, bool wanted) {
  auto& kept = what == operation::read ? kept_for_reading_ : kept_for_writing_;
  if (wanted) {
    if (!kept) kept.reset(&manager_);
    return backend().add(what, fd(), this);
  }
  backend().del(what, fd(), this);
  const auto mask = what == operation::read ? caf::io::network::input_mask : caf::io::network::output_mask;
  if (kept && (eventbf() & mask) == 0) backend().post([gone = std::exchange(kept, nullptr)] {});
}

void node_stream::watch_for_writing() {
  const bool something_to_send = written_ < out_.size() || !waiting_.empty();
  watch(operation::write, (something_to_send && !write_waits_for_input_) || read_waits_for_output_);
}

void node_stream::handle_event(operation what) {
  if (over_) return;
  switch (what) {
  case operation::read:
    read_some();
    if (!std::exchange(write_waits_for_input_, false)) break;
    write_some();
    if (channel_->holds_input()) read_some();
    break;
  case operation::write:
    if (std::exchange(read_waits_for_output_, false)) read_some();
    write_some();
    break;
  case operation::propagate_error:
    fail();
    break;
  }
}

void node_stream::prepare_read() {
  using caf::io::receive_policy_flag;
  collected_ = 0;
  threshold_ = how_ == receive_policy_flag::at_most ? 1 : most_;
  in_.resize(how_ == receive_policy_flag::at_least ? most_ + std::max<std::size_t>(100, most_ / 10) : most_);
}

void node_stream::read_some() {
  for (int reads = 0; reads < most_reads || channel_->holds_input(); ++reads) {
    if (over_ || is_leaving() || !kept_for_reading_) return;
    const auto came = channel_->read(in_.data() + collected_, in_.size() - collected_);
    if (came.what == moved::over) return fail();
    if (came.what == moved::wants_write) {
      read_waits_for_output_ = true;
      return watch_for_writing();
    }
    if (came.what == moved::wants_read) return;
    collected_ += came.bytes;
    if (collected_ < threshold_) continue;
    const auto goes_on = manager_.consume(&backend(), in_.data(), collected_);
    prepare_read();
    if (!goes_on) return watch(operation::read, false);
  }
}

void node_stream::write_some() {
  for (std::size_t total = 0; !over_ && total < most_written;) {
    if (written_ == out_.size()) {
      out_.clear();
      written_ = 0;
      if (waiting_.empty()) {
        if (is_leaving()) return cut();
        break;
      }
      out_.swap(waiting_);
    }
    const auto went = channel_->write(out_.data() + written_, out_.size() - written_);
    if (went.what == moved::over) return fail();
    if (went.what == moved::wants_read) {
      write_waits_for_input_ = true;
      if (is_leaving()) return cut(); // nobody reads any more
      break;
    }
    if (went.what == moved::wants_write) break;
    written_ += went.bytes;
    total += went.bytes;
    if (state_.ack_writes) manager_.data_transferred(&backend(), went.bytes, out_.size() - written_ + waiting_.size());
  }
  if (!over_) watch_for_writing();
}

open_connections::limits open_connections::limits_for(std::size_t descriptors, clock::duration peer_timeout) {
  limits out;
  out.strangers = std::clamp<std::size_t>(descriptors / 4, 1, out.strangers);
  out.accepted = std::max<std::size_t>(descriptors / 2, 1);
  out.patience = peer_timeout;
  return out;
}

std::size_t open_connections::count_accepted(stage wanted) const {
  return static_cast<std::size_t>(std::count_if(by_socket_.begin(), by_socket_.end(), [&](const auto& each) {
    return each.second.stands == wanted && each.second.stream->came() == node_stream::origin::accepted;
  }));
}

bool open_connections::make_room() {
  const auto strangers = count_accepted(stage::stranger);
  if (strangers + count_accepted(stage::known) + count_accepted(stage::leaving) >= limits_.accepted)
    return close_oldest_stranger();
  if (strangers >= limits_.strangers) close_oldest_stranger();
  return true;
}

bool open_connections::close_oldest_stranger() {
  entry* oldest = nullptr;
  for (auto& [socket, each] : by_socket_)
    if (each.stands == stage::stranger && each.stream->came() == node_stream::origin::accepted &&
        (!oldest || each.since < oldest->since))
      oldest = &each;
  if (!oldest) return false;
  oldest->stands = stage::leaving; // the loop lets go of it a little later
  oldest->stream->fail();
  return true;
}

void open_connections::add(node_stream& stream) {
  by_socket_[stream.fd()] = {&stream, stage::stranger, clock::now()};
}

void open_connections::remove(node_stream& stream) {
  by_socket_.erase(stream.fd());
}

void open_connections::greeted(int socket) {
  if (const auto found = by_socket_.find(socket); found != by_socket_.end()) found->second.stands = stage::known;
}

void open_connections::leaves(node_stream& stream) {
  by_socket_[stream.fd()] = {&stream, stage::leaving, clock::now()};
}

bool open_connections::is_stranger(int socket) const {
  const auto found = by_socket_.find(socket);
  return found == by_socket_.end() || found->second.stands == stage::stranger;
}

void open_connections::look(clock::time_point now) {
  for (const auto& what : std::exchange(later_, {})) what();
  std::vector<entry> late;
  for (const auto& [socket, each] : by_socket_)
    if (each.stands != stage::known && now - each.since >= limits_.patience) late.push_back(each);
  for (const auto& each : late) each.stands == stage::leaving ? each.stream->cut() : each.stream->fail();
}

void open_connections::cut_all() {
  for (const auto& [socket, each] : std::map(by_socket_)) each.stream->cut();
}

} // namespace syngrad
