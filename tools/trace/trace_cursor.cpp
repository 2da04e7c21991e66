#include "tools/trace/trace_cursor.hpp"

namespace syngrad::tools {

void trace_cursor::refill() {
  records_.clear();
  next_ = 0;
  while (records_.empty() && next_chunk_ < chunks_.size()) {
    const auto& next = chunks_[next_chunk_++];
    if (next.file->read(next.chunk, codec_, records_)) continue;
    records_.clear();
    unreadable_(next); // the sum held, so its writer was at fault
  }
  if (records_.empty() && rest_) {
    records_ = *rest_;
    rest_ = nullptr;
  }
  if (offset_ns_ != 0)
    for (auto& record : records_) record.time_ns -= offset_ns_;
}

} // namespace syngrad::tools
