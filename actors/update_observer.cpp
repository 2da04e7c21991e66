#include "actors/update_observer.hpp"

#include "actors/time_account.hpp"

#include <bit>

namespace syngrad {

void recording_observer::updated(const update_origin& origin, applied_gradient applied,
                                 std::uint32_t predictor_version) {
  record(origin, record_kind::update, static_cast<std::uint8_t>(applied), predictor_version);
}

void recording_observer::measured(const update_origin& origin, trace_measure measure, double value) {
  record(origin, record_kind::metric, static_cast<std::uint8_t>(measure),
         std::bit_cast<std::uint32_t>(static_cast<float>(value)));
}

void recording_observer::record(const update_origin& origin, record_kind kind, std::uint8_t type, std::uint32_t value) {
  const auto batch = static_cast<std::uint32_t>(origin.batch);
  if (!recorder_.on() || !recorder_.keeps(batch)) return;
  trace_record out;
  out.time_ns = steady_now_ns();
  out.message = origin.handled;
  out.parent = origin.activation;
  out.actor = origin.actor;
  out.batch = batch;
  out.version = static_cast<std::uint32_t>(origin.version);
  out.value = value;
  out.interface = origin.interface;
  out.kind = kind;
  out.type = type;
  recorder_.record(out);
}

} // namespace syngrad
