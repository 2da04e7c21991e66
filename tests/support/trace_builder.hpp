// Makes traces by hand, with known answers: names actors, adds records at chosen times, writes a trace folder.
#pragma once

#include "runtime/trace/trace_record.hpp"
#include "runtime/trace/trace_vocabulary.hpp"

#include <map>
#include <string>
#include <vector>

namespace syngrad::test {

class trace_builder {
public:
  explicit trace_builder(std::uint8_t node = 0, std::uint32_t sample = 1) : node_(node), sample_(sample) {}

  // Returns the actor's id. Titles: "group 3", "predictor 0", "source".
  std::uint32_t actor(std::uint16_t number, actor_role, int index, const std::string& title);
  void fact(const std::string& key, const std::string& value) { names_.facts[key] = value; }

  void run_id(std::uint64_t id) { run_id_ = id; }
  // One moment on the node's clock and by the time of day.
  void clocks(std::int64_t monotonic_ns, std::int64_t realtime_ns) {
    monotonic_ns_ = monotonic_ns;
    realtime_ns_ = realtime_ns;
  }

  struct details {
    std::uint64_t parent = 0;
    std::uint32_t batch = no_trace_batch;
    std::uint32_t version = 0;
    std::uint32_t bytes = 0;
    std::uint16_t interface = no_interface;
    std::uint16_t ring = 0; // the thread that sends
  };
  // Returns the message's id.
  std::uint64_t send(std::int64_t time_ns, std::uint32_t from, std::uint32_t to, trace_message, const details&);
  // Begin and end of its handling.
  void handle(std::uint64_t message, std::int64_t begin_ns, std::int64_t end_ns, waiting_reason = waiting_reason::input,
              std::uint32_t version_before = 0, std::uint32_t version_after = 0, std::uint16_t ring = 0);
  // A begin or an end alone, of a message that need not have been sent.
  void half_of_handling(record_kind, std::int64_t time_ns, std::uint32_t actor, std::uint32_t peer,
                        std::uint64_t message, trace_message, std::uint16_t ring = 0);
  void add(const trace_record&, std::uint16_t ring = 0);

  // Writes DIR (made where it is missing) with one segment; each ring's records in the order of their times.
  // `ended` false: without the end mark, as if the process had been killed.
  void write(const std::string& folder, bool ended = true) const;

  trace_names& names() { return names_; }

private:
  std::uint8_t node_;
  std::uint32_t sample_;
  trace_names names_;
  std::uint64_t run_id_ = 1;
  std::int64_t monotonic_ns_ = 0, realtime_ns_ = 0;
  std::map<std::uint32_t, std::uint64_t> sequences_;
  std::map<std::uint64_t, trace_record> sent_;
  std::map<std::uint16_t, std::vector<trace_record>> rings_;
};

} // namespace syngrad::test
