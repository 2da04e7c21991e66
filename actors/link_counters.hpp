// What went over a link so far. Counted by its actor, read by anybody.
#pragma once

#include "actors/messages.hpp"

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace syngrad {

struct link_counters {
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> payload_bytes{0};   // of their tensors, as they are in memory
  std::atomic<std::uint64_t> wire_bytes{0};      // of the messages on the wire, each counted once
  std::atomic<std::uint64_t> chunk_bytes{0};     // arrived: of messages that are not whole yet, too
  std::atomic<std::uint64_t> repeated_chunks{0}; // sent again, or arrived more than once
  std::atomic<std::uint64_t> damaged_chunks{0};

  // Of wire_bytes.
  std::atomic<std::uint64_t> training_bytes{0}; // of messages about a batch that is trained on
  std::atomic<std::uint64_t> gradients{0}, gradient_bytes{0};
  std::atomic<std::uint64_t> gradients_left_out{0}, left_out_bytes{0}; // of kind none

  // Of `gradients` those that arrived as factors: how many, the sum of their ranks, and of the shares of their squared
  // norms that they lack.
  std::atomic<std::uint64_t> factored{0}, factor_ranks{0};
  std::atomic<double> factors_lost{0};

  // A message, with the bytes of its tensors and those on the wire.
  template <class M>
  void count(const M& message, std::size_t payload, std::size_t wire) {
    messages += 1;
    payload_bytes += payload;
    wire_bytes += wire;
    if (message.context.batch == no_batch) return;
    training_bytes += wire;
    if constexpr (std::is_same_v<M, gradient>) {
      (message.values ? gradients : gradients_left_out) += 1;
      (message.values ? gradient_bytes : left_out_bytes) += wire;
    }
  }
};

// What is off in the gradients that arrived, as a part of their norm.
inline double error_of_gradients(const link_counters& counters) {
  const auto known = counters.gradients.load();
  return known == 0 ? 0 : std::sqrt(counters.factors_lost.load() / static_cast<double>(known));
}

// What the gradients that were left out would have added: as much as the others take, since batches are alike.
inline std::uint64_t bytes_saved(const link_counters& counters) {
  const auto known = counters.gradients.load();
  if (known == 0) return 0;
  const auto instead = counters.gradients_left_out.load() * counters.gradient_bytes.load() / known;
  const auto taken = counters.left_out_bytes.load();
  return instead > taken ? instead - taken : 0;
}

} // namespace syngrad
