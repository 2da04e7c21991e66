// A device failed: an operation was refused, or work that was enqueued earlier broke. Thrown by streams and operators,
// caught once, at the boundary of the actor, which ends with it. Some failures leave the whole device unusable: every
// later call on it throws as well.
#pragma once

#include <stdexcept>

namespace syngrad {

class device_failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace syngrad
