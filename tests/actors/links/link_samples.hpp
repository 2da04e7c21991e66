// Messages and tensors for the tests of links.
#pragma once

#include "actors/links/message_codec.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/random.hpp"

#include <vector>

namespace syngrad::test {

// What is compared of two messages, bit for bit: every field, every element.
std::vector<char> bytes_of(const encoded_frame&);
std::vector<char> bytes_of(const link_message&, const link_options& = {});

// Any bits at all: NaN, infinities, denormals, negative zeros are among them.
tensor random_bits(stream&, shape, random_source&, dtype = dtype::f32);
tensor numbers_below(std::uint32_t end, std::int64_t count, stream&, random_source&); // i32
tensor copy_of(stream&, const std::vector<float>&, shape);

// One of every type, with all fields set.
std::vector<link_message> one_of_each(stream&, random_source&);

} // namespace syngrad::test
