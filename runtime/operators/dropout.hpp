// Dropout (Srivastava et al., JMLR 15, 2014): elements become zero at random while a network trains.
#pragma once

#include <cstdint>

namespace syngrad {

class stream;
class tensor;

// Element 64 g + 16 w + l of a batch has word w of counter 16 g + l: neighbours are of neighbouring counters, which
// suits vectors and warps. It is dropped where its word is below the rate, as a part of 2^32.
inline constexpr std::int64_t dropout_lanes = 16;

inline std::uint32_t dropped_below(float rate) {
  return static_cast<std::uint32_t>(static_cast<double>(rate) * 0x1p32);
}

struct dropout_arguments {
  const tensor& x;
  float rate;        // of elements dropped, 0 <= rate < 1
  tensor& generator; // f32, runtime/dropout_generator.hpp; its batch is one more afterwards
  tensor& mask;      // u8: 1 where an element is kept
  tensor& y;         // x / (1 - rate) where it is kept, else 0
};

class dropout_operators {
public:
  virtual void dropout(stream&, const dropout_arguments&) = 0;
  // dx = dy / (1 - rate) where kept, else 0.
  virtual void dropout_backward(stream&, const tensor& dy, const tensor& mask, float rate, tensor& dx) = 0;

protected:
  ~dropout_operators() = default;
};

} // namespace syngrad
