// When what is sent over one direction of an emulated link arrives. Arithmetic alone: knows no clock.
//
// A message passes when those before it have passed, which takes its bytes / rate; is on the way for the delay and a
// drawn jitter; and where it is lost, which is found out and mended a round trip later, for that much more. It does not
// arrive before one that was sent before it.
#pragma once

#include "actors/emulated_network.hpp"
#include "runtime/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace syngrad {

class link_times {
public:
  link_times(const link_conditions& of, random_source random) : of_(of), random_(random) {}

  // Of a message with so many bytes, which is not sent before the one that was asked about last.
  std::int64_t arrival_ns(std::int64_t sent_ns, std::size_t bytes) {
    const auto begins = std::max(sent_ns, free_ns_);
    free_ns_ = begins + passing_ns(bytes);
    auto arrives = free_ns_ + on_the_way_ns();
    while (of_.loss > 0 && random_.uniform() < of_.loss) arrives += on_the_way_ns() + on_the_way_ns();
    last_ns_ = std::max(arrives, last_ns_);
    return last_ns_;
  }

private:
  std::int64_t passing_ns(std::size_t bytes) const {
    return of_.bytes_per_s > 0 ? static_cast<std::int64_t>(static_cast<double>(bytes) / of_.bytes_per_s * 1e9) : 0;
  }
  std::int64_t on_the_way_ns() {
    if (of_.most_jitter_ns == 0) return of_.delay_ns;
    return of_.delay_ns + static_cast<std::int64_t>(random_.uniform(static_cast<double>(of_.least_jitter_ns),
                                                                    static_cast<double>(of_.most_jitter_ns)));
  }

  link_conditions of_;
  random_source random_;
  std::int64_t free_ns_ = 0; // from when on another message may pass
  std::int64_t last_ns_ = 0; // arrival of the latest
};

} // namespace syngrad
