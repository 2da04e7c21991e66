// The connections of a process, and what strangers may have of them. A stranger is a connection over which CAF's
// handshake has not come yet; with TLS, that takes a certificate of our CA.
//
//  what is limited                    to                                               beyond
//  strangers that were accepted       64, at most a quarter of our descriptors         the oldest one is closed
//  a stranger's time                  --peer-timeout                                   it is closed
//  all that were accepted             half of our descriptors                          a new one is closed at once
//  the time to send what is left      --peer-timeout; once all has ended, two seconds  it is closed
//
// The oldest one, not the newest: a node needs milliseconds for its handshake, and so gets in among strangers that come
// as fast as they like.
//
// Threads: the network's.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <vector>

namespace syngrad {

class node_stream;

class open_connections {
public:
  using clock = std::chrono::steady_clock;

  struct limits {
    std::size_t strangers = 64, accepted = 512;
    clock::duration patience = std::chrono::seconds(10);
  };
  // For a process that may open so many descriptors.
  static limits limits_for(std::size_t descriptors, clock::duration peer_timeout);

  explicit open_connections(limits given) : limits_(given) {}

  // Whether one more may be accepted; closes the oldest stranger where there are too many.
  bool make_room();
  bool close_oldest_stranger(); // false: there is none

  void add(node_stream&);
  void remove(node_stream&);
  void greeted(int socket);
  void leaves(node_stream&); // what is left to be sent has its time from now
  bool is_stranger(int socket) const;

  // Closes whose time is over; every now and then.
  void look(clock::time_point now);
  void cut_all();
  // Called at the next look, once.
  void later(std::function<void()> what) { later_.push_back(std::move(what)); }

private:
  enum class stage { stranger, known, leaving };
  struct entry {
    node_stream* stream;
    stage stands;
    clock::time_point since;
  };
  std::size_t count_accepted(stage) const;

  limits limits_;
  std::map<int, entry> by_socket_;
  std::vector<std::function<void()>> later_;
};

} // namespace syngrad
