// The trace of a run on machines that are not there, as `syngrad trace` reads it. Its clock begins a second after zero.
//
// All actors are of node 0, and each has a ring of its own: what an actor does is in the order of time.
#pragma once

#include "runtime/result.hpp"
#include "runtime/trace/trace_file.hpp"
#include "runtime/trace/trace_vocabulary.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace syngrad {

class simulated_trace {
public:
  // `folder` exists. Actors are numbered from 0, in the order of `actors`.
  static result<simulated_trace> create(const std::string& folder, const std::vector<trace_names::actor>& actors,
                                        const std::map<std::string, std::string>& facts);

  static constexpr std::uint32_t id_of(int actor) { return actor_id(0, static_cast<std::uint16_t>(actor + 1)); }
  static constexpr std::uint64_t origin_of(int actor) {
    return message_origin(0, static_cast<std::uint16_t>(actor + 1));
  }
  static constexpr int most_actors = 1 << 15;

  // `record` but for its time and its actor, which does it.
  void add(int actor, double at_s, trace_record record);
  // Writes the rest; the first failure, if there was one.
  status close();

private:
  simulated_trace(trace_writer writer, std::size_t actors) : writer_(std::move(writer)), rings_(actors) {}

  struct ring {
    std::vector<trace_record> records;
    std::uint64_t written = 0;
  };
  void flush(std::size_t number);

  trace_writer writer_;
  std::vector<ring> rings_;
  status first_failure_ = ok();
};

} // namespace syngrad
