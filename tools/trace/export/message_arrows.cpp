#include "tools/trace/export/message_arrows.hpp"

#include <algorithm>

namespace syngrad::tools {

namespace {

struct numbered_message {
  std::uint64_t message = 0, number = 0;

  auto operator<=>(const numbered_message&) const = default;
};

bool can_begin(const trace_record& record) {
  return record.kind == record_kind::send && record.message != 0;
}

bool can_end(const trace_record& record) {
  return record.kind == record_kind::begin && record.message != 0;
}

} // namespace

message_arrows::message_arrows(const trace_run& run, const trace_filter& filter) {
  std::vector<numbered_message> sent, handled;
  std::uint64_t number = 0;
  run.for_each(filter, [&](const trace_record& record) {
    if (can_begin(record)) sent.push_back({record.message, number});
    if (can_end(record)) handled.push_back({record.message, number});
    ++number;
  });
  std::sort(sent.begin(), sent.end());
  std::sort(handled.begin(), handled.end());
  auto next = handled.begin();
  for (auto first = sent.begin(); first != sent.end();) {
    const auto message = first->message;
    next = std::lower_bound(next, handled.end(), numbered_message{message, 0});
    const auto end = std::find_if(next, handled.end(), [&](const auto& each) { return each.message != message; });
    if (next != end) {
      if (std::prev(end)->number > first->number)
        arrows_.push_back({message, first->number, std::prev(end)->number});
      else
        ++backwards_;
    }
    next = end;
    first = std::find_if(first, sent.end(), [&](const auto& each) { return each.message != message; });
  }
}

arrow_part message_arrows::part_of(const trace_record& record, std::uint64_t number) const {
  if (!can_begin(record) && !can_end(record)) return arrow_part::none;
  const auto found = std::lower_bound(arrows_.begin(), arrows_.end(), record.message,
                                      [](const arrow& each, std::uint64_t message) { return each.message < message; });
  if (found == arrows_.end() || found->message != record.message) return arrow_part::none;
  if (number < found->begin || number > found->end) return arrow_part::none;
  if (number == found->begin) return arrow_part::begin;
  return number == found->end ? arrow_part::end : arrow_part::step;
}

} // namespace syngrad::tools
