// An array as numpy stores it.
//
//   file   = \x93 "NUMPY" major minor length header data          length: u16, from version 2 on u32; little-endian
//   header = {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }
//
// Known are 32- and 64-bit floats, bytes, truths, and whole numbers of 32 and 64 bits; rows after one another (C
// order), little-endian.
#pragma once

#include "runtime/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

struct npy_array {
  enum class kind { f32, f64, u8, i32, i64 };

  kind type = kind::f32;
  std::vector<std::int64_t> extents;
  std::span<const std::byte> data; // of as many elements; not aligned

  bool is_floating() const { return type == kind::f32 || type == kind::f64; }
  std::int64_t elements() const;
  std::string to_string() const; // "float32 (60000, 28, 28)"
};

// `where` names the array in messages: a file, and its name in it. The array refers to `bytes`.
result<npy_array> read_npy(std::span<const std::byte> bytes, const std::string& where);

// The element at `index`, of whole numbers exactly.
double real_at(const npy_array&, std::int64_t index);
std::int64_t whole_at(const npy_array&, std::int64_t index); // not of floats

// What a file of such numbers, of f32 or i64, begins with.
std::string npy_header(npy_array::kind type, const std::vector<std::int64_t>& extents);

} // namespace syngrad
