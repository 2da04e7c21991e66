// Brings a tensor to the device of the stream that is to read it, or to where the host reads it.
#pragma once

#include "runtime/device.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

// `from`, where work on `reader` can read it: itself on its own device, else a copy that `reader` makes, in its order
// of work, without the host waiting. The source goes back to its pool only when `reader` is past the copy.
// A CPU stream cannot wait for another device: give it a host-visible tensor, once that is ready.
inline tensor brought_to(stream& reader, const tensor& from) {
  if (!from) return from;
  from.read_on(reader);
  if (reader.owner().holds(*from.memory().get())) return from;
  auto here = make_tensor(reader, from.extents(), from.type());
  reader.ops().copy(reader, from, here);
  here.ready_after(reader.record());
  return here;
}

// `from`, where the host can read it by its address once `work` is past what is enqueued there: itself on a device
// whose memory the host reads anyway, else a copy that `work` makes.
inline tensor brought_to_host(stream& work, const tensor& from) {
  if (!from || work.owner().host_reads_memory()) return from;
  auto seen = make_host_visible_tensor(work, from.extents(), from.type());
  work.ops().copy(work, from.read_on(work), seen);
  seen.ready_after(work.record());
  return seen;
}

} // namespace syngrad
