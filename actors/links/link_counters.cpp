#include "actors/links/link_counters.hpp"

namespace syngrad {

void link_counters::count(const link_message& message, std::size_t payload, std::size_t wire) {
  messages += 1;
  payload_bytes += payload;
  wire_bytes += wire;
  if (context_of(message).batch == no_batch) return;
  training_bytes += wire;
  const auto* down = std::get_if<gradient>(&message);
  if (!down) return;
  (down->values ? gradients : gradients_left_out) += 1;
  (down->values ? gradient_bytes : left_out_bytes) += wire;
}

std::uint64_t bytes_saved(const link_counters& counters) {
  const auto known = counters.gradients.load();
  if (known == 0) return 0;
  const auto instead = counters.gradients_left_out.load() * counters.gradient_bytes.load() / known;
  const auto taken = counters.left_out_bytes.load();
  return instead > taken ? instead - taken : 0;
}

} // namespace syngrad
