// What CAF does by itself between two nodes: a stream of blobs within a window, and a round trip. Measured against
// links.
//
// Threads: one at a time.
#pragma once

#include "tests/support/two_nodes.hpp"

namespace syngrad::test {

class caf_rivals {
public:
  // Listens on the second node; the first one connects.
  caf_rivals(two_nodes& nodes, bool tls);
  ~caf_rivals();

  // Seconds for `blobs` of 1 MiB, of which at most `window` are on the way; always the same one, so none is made.
  double stream(int blobs, int window);
  // Microseconds for each of `rounds` round trips of two numbers.
  std::vector<double> round_trips(int rounds);

private:
  two_nodes& nodes_;
  caf::actor far_; // on the second node
  std::optional<caf::scoped_actor> asker_;
};

} // namespace syngrad::test
