// What CAF does by itself between two nodes: a stream of blobs within a window, and a round trip. Measured against
// links.
//
// Threads: one at a time.
#pragma once

#include "tests/support/two_nodes.hpp"

namespace syngrad::test {

class caf_rivals {
public:
  explicit caf_rivals(two_nodes& nodes); // which are connected
  ~caf_rivals();

  // Seconds for `blobs` of 1 MiB, of which at most `window` are on the way. Always the same one, which the other end
  // throws away: no more than the network's own cost.
  double stream(int blobs, int window);
  // The same for blobs that are cut from the memory of tensors of 64 MiB, and put together there at the other end.
  double stream_tensors(int blobs, int window);
  // Microseconds for each of `rounds` round trips of two numbers.
  std::vector<double> round_trips(int rounds);

private:
  double stream_of(const std::function<caf::message(int)>& blob, int blobs, int window);

  two_nodes& nodes_;
  caf::actor far_; // on the second node
  std::optional<caf::scoped_actor> asker_;
  std::vector<char> tensor_;
};

} // namespace syngrad::test
