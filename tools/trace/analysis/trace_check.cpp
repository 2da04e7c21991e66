#include "tools/trace/analysis/whole_trace_analyses.hpp"

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/message_table.hpp"
#include "tools/trace/record_text.hpp"

#include <algorithm>
#include <map>

namespace syngrad::tools {

namespace {

std::string name_of_ring(ring_key ring) {
  return "ring " + std::to_string(ring.first) + ":" + std::to_string(ring.second);
}

class rule {
public:
  rule(trace_verdict& verdict, std::size_t most, std::string what)
    : verdict_(verdict), most_(most), rule_(verdict.rules.size()) {
    verdict.rules.push_back({std::move(what), 0, 0});
  }

  // `where()` and `what` are for the problem, should there be one.
  template <class Where>
  void check(bool good, Where where, const std::string& what) {
    auto& mine = verdict_.rules[rule_];
    ++mine.looked_at;
    if (good) return;
    ++mine.wrong;
    if (verdict_.problems.size() < most_) verdict_.problems.push_back({where(), what});
  }

private:
  trace_verdict& verdict_;
  std::size_t most_;
  std::size_t rule_;
};

// What each chunk is by itself, and beside the one before it of its ring.
void check_chunks(const trace_run& run, trace_verdict& verdict, std::size_t most) {
  rule whole(verdict, most, "chunks whole, sums right");
  rule sequence(verdict, most, "chunks in sequence");
  rule order(verdict, most, "chunks in the order of time");
  for (const auto& damage : run.damage())
    whole.check(
      false, [&] { return damage.file + ", byte " + std::to_string(damage.offset); }, damage.what);
  struct progress {
    std::uint64_t next = 0;
    std::int64_t last_ns = std::numeric_limits<std::int64_t>::min();
  };
  std::map<ring_key, progress> rings;
  chunk_codec codec;
  std::vector<trace_record> records;
  for (const auto& file : run.files())
    for (const auto& chunk : file.chunks()) {
      const auto where = [&] { return file.path() + ", byte " + std::to_string(chunk.offset); };
      const bool unpacks = static_cast<bool>(file.read(chunk, codec, records));
      whole.check(unpacks, where, "the records do not unpack");
      if (!unpacks) continue;
      auto& ring = rings[{static_cast<std::uint8_t>(file.header().node), chunk.ring}];
      sequence.check(chunk.first_sequence >= ring.next, where, "repeats records of an earlier chunk");
      ring.next = chunk.first_sequence + chunk.count;
      const auto earlier = [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; };
      const bool ordered = std::is_sorted(records.begin(), records.end(), earlier) &&
                           records.front().time_ns == chunk.first_time_ns &&
                           records.back().time_ns == chunk.last_time_ns && chunk.first_time_ns >= ring.last_ns;
      order.check(ordered, where, "its times go back, or are not those of its header");
      ring.last_ns = chunk.last_time_ns;
    }
}

class record_check {
public:
  record_check(const trace_run& run, trace_verdict& verdict, std::size_t most)
    : run_(run), verdict_(verdict), known_(verdict, most, "kinds and types known"),
      pairs_(verdict, most, "begin and end in pairs"), sends_(verdict, most, "sent before they are handled") {}

  void add(const trace_record& record, ring_key ring) {
    known_.check(
      makes_sense(record), [&] { return where(record, ring); }, "no such kind or type of record");
    if (record.kind == record_kind::begin) begin(record, ring);
    if (record.kind == record_kind::end) end(record, ring);
    if (record.kind == record_kind::send) send(record, ring);
    if (record.kind == record_kind::enqueue) delivered(record);
  }

  void finish() {
    for (const auto& [ring, last] : handlers_) verdict_.open_handlers += last.open;
    verdict_.begun_unsent = static_cast<std::int64_t>(begun_unsent_.size());
  }

private:
  struct handler {
    bool open = false, met = false;
    std::uint64_t message = 0;
  };

  static bool makes_sense(const trace_record& record) {
    const auto kind = static_cast<int>(record.kind);
    if (kind < 1 || kind >= record_kind_count) return false;
    if (is_message(record.kind)) return record.type < trace_message_count;
    if (record.kind == record_kind::metric) return record.type >= 1 && record.type < trace_measure_count;
    return record.kind != record_kind::update || record.type <= static_cast<int>(applied_gradient::bootstrapped);
  }

  std::string where(const trace_record& record, ring_key ring) const {
    return name_of_ring(ring) + ", " + std::to_string(record.time_ns - run_.begin_ns()) + " ns, message " +
           message_text(record.message);
  }

  void begin(const trace_record& record, ring_key ring) {
    auto& last = handlers_[ring];
    if (verdict_.judged_pairs)
      pairs_.check(
        !last.open, [&] { return where(record, ring); }, "begins before the one before it has ended");
    last = {true, true, record.message};
    if (!verdict_.judged_sends || record.message == 0) return;
    if (sent_.find(record.message))
      sent_.erase(record.message);
    else
      begun_unsent_.insert(record.message, record.time_ns);
  }

  void end(const trace_record& record, ring_key ring) {
    auto& last = handlers_[ring];
    const bool first_of_window = !last.met && run_.before_window() > 0;
    if (verdict_.judged_pairs && !first_of_window)
      pairs_.check(
        last.open && last.message == record.message, [&] { return where(record, ring); }, "ends what has not begun");
    last = {false, true, 0};
  }

  // A link, which has handled it, has brought it to who handles it now.
  void delivered(const trace_record& record) {
    if (verdict_.judged_sends && record.message != 0 && !begun_unsent_.find(record.message))
      sent_.insert(record.message, record.time_ns);
  }

  void send(const trace_record& record, ring_key ring) {
    if (!verdict_.judged_sends || record.message == 0) return;
    const bool too_late = begun_unsent_.find(record.message) != nullptr;
    sends_.check(
      !too_late, [&] { return where(record, ring); }, "is sent after its handling has begun");
    if (too_late)
      begun_unsent_.erase(record.message);
    else
      sent_.insert(record.message, record.time_ns);
  }

  const trace_run& run_;
  trace_verdict& verdict_;
  rule known_, pairs_, sends_;
  std::map<ring_key, handler> handlers_;
  message_table<std::int64_t> sent_, begun_unsent_;
};

} // namespace

bool trace_verdict::good() const {
  return std::all_of(rules.begin(), rules.end(), [](const auto& each) { return each.wrong == 0; });
}

trace_verdict check_trace(const trace_run& run, std::size_t most_problems) {
  trace_verdict verdict;
  verdict.judged_pairs = run.lost() == 0;
  verdict.judged_sends = verdict.judged_pairs && run.clock_uncertainty_ns() == 0;
  check_chunks(run, verdict, most_problems);
  record_check records(run, verdict, most_problems);
  run.for_each([&](const trace_record& record, ring_key ring) { records.add(record, ring); });
  records.finish();
  return verdict;
}

} // namespace syngrad::tools
