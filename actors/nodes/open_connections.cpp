#include "actors/nodes/open_connections.hpp"

#include "actors/nodes/node_stream.hpp"

#include <algorithm>
#include <utility>

namespace syngrad {

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
