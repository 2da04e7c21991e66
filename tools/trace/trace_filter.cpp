#include "tools/trace/trace_filter.hpp"

namespace syngrad::tools {

bool trace_filter::passes(const trace_record& record) const {
  if (record.time_ns < from_ns || record.time_ns >= to_ns) return false;
  if (batches && (record.batch < batches->first || record.batch > batches->second)) return false;
  if (!actors.empty() && !actors.contains(record.actor) && !actors.contains(record.peer)) return false;
  if (interface && record.interface != *interface) return false;
  if (type && (!is_message(record.kind) || record.type != *type)) return false;
  if (node && node_of(record.actor) != *node) return false;
  return !where || where->holds(record);
}

} // namespace syngrad::tools
