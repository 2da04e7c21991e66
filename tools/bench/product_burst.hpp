// Runs a list of products alone, over and over, on several threads at once.
//
// Every thread has buffers and a stream of its own and does the whole list. A few lists are under way on a stream at
// any time, so that a device that works late is never idle. Owns the buffers, so that bursts are warm.
#pragma once

#include "runtime/device.hpp"
#include "tools/bench/step_products.hpp"

#include <vector>

namespace syngrad::tools {

class product_burst {
public:
  // `where` outlives the burst. Called by one thread, as is run().
  product_burst(step_products products, int threads, device& where);

  // For about `seconds`; returns whole lists per second, summed over the threads. Throws what the device throws.
  double run(double seconds);

private:
  struct lane {
    stream* order;
    std::vector<tensor> buffers;
  };

  void execute(lane&) const;
  double rate_of(lane&, double seconds) const;

  step_products products_;
  std::vector<lane> lanes_;
};

} // namespace syngrad::tools
