// How fast this machine multiplies: for placing groups, so two tenths of a second have to do. The fastest of some
// rounds counts: other programs, and nodes that measure at the same moment, only ever make one slower.
#pragma once

namespace syngrad::tools {

// Multiply-adds a second of float32 matrix products on `threads` threads.
double measure_host_rate(int threads);

} // namespace syngrad::tools
