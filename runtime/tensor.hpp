// A tensor: a shape and element type over a part of a counted buffer, and the event after which it may be read.
//
// A tensor is a handle: copies share the memory. Contiguous, row-major. Who reads it on a stream other than the one
// that wrote it calls read_on() first.
#pragma once

#include "runtime/memory_pool.hpp"
#include "runtime/shape.hpp"

#include <cassert>
#include <cstdint>

namespace syngrad {

enum class dtype : std::uint8_t { f32, i32, u8, bf16 };

constexpr std::size_t size_of(dtype type) {
  return type == dtype::u8 ? 1 : type == dtype::bf16 ? 2 : 4;
}

class tensor {
public:
  tensor() = default;
  tensor(buffer_ref memory, std::size_t offset_bytes, shape extents, dtype type)
    : memory_(std::move(memory)), offset_(offset_bytes), shape_(extents), dtype_(type) {}

  explicit operator bool() const { return static_cast<bool>(memory_); }
  const shape& extents() const { return shape_; }
  std::int64_t rows() const { return shape_.rows(); }
  std::int64_t columns() const { return shape_.columns(); }
  std::int64_t elements() const { return shape_.elements(); }
  std::size_t bytes() const { return static_cast<std::size_t>(elements()) * size_of(dtype_); }
  dtype type() const { return dtype_; }
  const buffer_ref& memory() const { return memory_; }
  std::size_t offset_bytes() const { return offset_; } // within memory()

  // Device addresses: dereferenced by operators, and by the host only where the device is a host device.
  float* f32() const { return static_cast<float*>(address(dtype::f32)); }
  std::int32_t* i32() const { return static_cast<std::int32_t*>(address(dtype::i32)); }
  std::uint8_t* u8() const { return static_cast<std::uint8_t*>(address(dtype::u8)); }
  std::uint16_t* bf16() const { return static_cast<std::uint16_t*>(address(dtype::bf16)); } // upper halves of floats
  void* data() const { return address(dtype_); }                                            // whatever the type

  // A part of the same memory, `first` elements in.
  tensor view(std::int64_t first, shape extents) const {
    assert(first + extents.elements() <= elements());
    tensor part(memory_, offset_ + static_cast<std::size_t>(first) * size_of(dtype_), extents, dtype_);
    part.ready_ = ready_;
    return part;
  }

  // The contents are valid once `written` has passed.
  void ready_after(event written) { ready_ = std::move(written); }
  const event& ready() const { return ready_; }

  // Makes `reader` wait for the contents, and keeps the memory until `reader` is past the work enqueued before the
  // last reference is dropped.
  const tensor& read_on(stream& reader) const {
    reader.wait(ready_);
    if (memory_) memory_->used_by(reader);
    return *this;
  }

private:
  void* address([[maybe_unused]] dtype expected) const {
    assert(memory_ && dtype_ == expected);
    return static_cast<char*>(memory_->data()) + offset_;
  }

  buffer_ref memory_;
  std::size_t offset_ = 0;
  shape shape_;
  dtype dtype_ = dtype::f32;
  event ready_;
};

} // namespace syngrad
