#include "tools/distributed/node_quorum.hpp"

namespace syngrad::tools {

bool node_quorum::is_reached(int ready, int joined, clock::time_point now) {
  if (ready >= count_.most) return true;
  if (ready < count_.least) enough_since_.reset();
  if (ready >= count_.least && !enough_since_) enough_since_ = now;
  return enough_since_ && now - *enough_since_ > others_have && ready == joined;
}

} // namespace syngrad::tools
