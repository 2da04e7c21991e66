// The numbers of the optimizer steps to come, in device memory: uploaded before recorded work that reads them is
// replayed.
//
// Used by one actor, on one stream, whose order keeps an upload from overtaking the steps before.
#pragma once

#include "runtime/device.hpp"
#include "runtime/operators.hpp"

#include <span>

namespace syngrad {

class uploaded_numbers {
public:
  // The same count each time: their place stays.
  void upload(stream& s, std::span<const step_numbers> values) {
    const auto bytes = static_cast<std::int64_t>(values.size_bytes());
    if (!all_) all_ = make_tensor(s, {bytes}, dtype::u8);
    assert(all_.elements() == bytes);
    s.ops().upload(s, values.data(), all_);
  }

  tensor of_step(std::size_t i) const {
    constexpr auto size = static_cast<std::int64_t>(sizeof(step_numbers));
    return all_.view(static_cast<std::int64_t>(i) * size, {size});
  }

private:
  tensor all_;
};

} // namespace syngrad
