// Everything that training changes in a layer group or a predictor, batches in flight apart: in place, and as bytes, so
// that another process can go on where this one was.
//
// Bytes, numbers little-endian:
//   state  := "SGS1" counters:u32 tensors:u32 { value:i64 } { tensor }
//   tensor := bytes:u64 { byte }
#pragma once

#include "runtime/device.hpp"
#include "runtime/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace syngrad {

// Refers to its owner's members, and is of no use after it.
struct learned_state {
  std::vector<tensor> tensors;
  std::vector<std::int64_t*> counters;
  std::vector<std::function<void()>> when_written; // to be called by who has written any of them

  void add(const tensor&); // null: nothing
  void add(learned_state);
};

// Waits for the stream's device. Between two updates only.
std::vector<std::byte> write_state(stream&, const learned_state&);

// Into a state of the same model, optimizer and kind of predictor, which the caller sees to: what is checked here is
// that all sizes agree. Where they do not, nothing is changed.
status read_state(stream&, const learned_state&, std::span<const std::byte>);

} // namespace syngrad
