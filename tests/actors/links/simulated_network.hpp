// Both ends of a link and a network between them that cuts, delays, doubles, loses and damages, in an order that a
// seeded generator picks. Connections come in sessions; packets of an earlier one may arrive late, when newer ones
// already did.
#pragma once

#include "actors/links/link_protocol.hpp"
#include "runtime/random.hpp"

#include <deque>
#include <string>
#include <variant>
#include <vector>

namespace syngrad::test {

// How many of each are still to happen; all come to an end, so that every schedule does.
struct network_faults {
  int cuts = 0;
  int doubled = 0;
  int stale = 0; // packets that outlive their connection
  int lost = 0;  // of a connection that goes on
  int damaged = 0;
};

class simulated_network {
public:
  simulated_network(std::uint64_t seed, network_faults);

  // To the end, or until nothing can go on. The most bytes of chunks on the way that any moment had.
  std::size_t run();

  const std::string& stuck() const { return stuck_; } // empty: it ended
  const std::vector<char>& sent() const { return sent_; }
  const std::vector<char>& arrived() const { return arrived_; }
  std::size_t credit() const { return credit_; }
  const link_sender& sender() const { return sender_; }
  const link_receiver& receiver() const { return receiver_; }

private:
  struct chunk {
    std::uint64_t session = 0, sequence = 0;
    std::uint32_t round = 0;
    std::vector<char> bytes;
    bool damaged = false;
  };
  using packet = std::variant<chunk, link_receipt, link_probe>;
  using queue = std::deque<packet>;

  bool step();
  bool happens(int& left, std::uint32_t one_in);
  void push_message();
  void send_all();
  void cut();
  bool connect_one_end();
  bool deliver(queue& from);
  void arrive(packet&);
  void answer(const std::optional<link_receipt>&);
  std::size_t bytes_on_the_way() const;

  random_source random_;
  network_faults faults_;
  std::size_t chunk_bytes_, credit_;
  link_sender sender_;
  link_receiver receiver_;
  std::vector<std::vector<char>> messages_;
  int to_push_;
  std::vector<char> sent_, arrived_;
  queue up_, down_;   // of this session, both directions
  queue late_, gone_; // of earlier ones: these arrive, those only where the next cut lets them
  std::uint64_t session_ = 0;
  bool sender_knows_ = false, receiver_knows_ = false; // of this session
  int ticks_without_news_ = 0;
  std::string stuck_;
};

} // namespace syngrad::test
