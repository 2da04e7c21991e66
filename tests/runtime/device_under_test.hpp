// A device under test, with a stream, and ways to bring matrices there and back. Operator tests are written against it
// and run once for each device of this build.
#pragma once

#include "runtime/device.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"
#include "tests/runtime/reference.hpp"
#include "tests/support/catch.hpp"

#include <memory>
#include <string>
#include <vector>

namespace syngrad {

// The devices that operator tests run on: GENERATE(from_range(tested_devices())). Each program says which
// (tested_devices.cpp, cuda/gpu_under_test.cpp).
std::vector<std::string> tested_devices();
std::unique_ptr<device> make_tested_device(const std::string& name);

class device_under_test {
public:
  explicit device_under_test(const std::string& device_name)
    : device_(make_tested_device(device_name)), stream_(device_->make_stream()) {}

  device& where() { return *device_; }
  stream& on() { return stream_; }
  operators& ops() { return device_->ops(); }
  random_source& random() { return random_; }

  tensor upload(const reference::matrix& values) { return upload(values, {values.rows, values.columns}); }
  tensor upload(const reference::matrix& values, shape extents);
  tensor upload(const std::vector<std::int32_t>& values);
  tensor upload(const std::vector<std::uint8_t>& values, shape extents);
  tensor zeros(shape extents);
  tensor scalar(float value);
  // Waits for the device. A tensor of any rank comes back as rows() x columns().
  reference::matrix download(const tensor& values);
  double download_scalar(const tensor& value) { return download(value).at[0]; }

  // Standard normal, rounded to float so that a reference starts from the same numbers.
  reference::matrix normal(std::int64_t rows, std::int64_t columns);
  std::vector<std::int32_t> labels(std::int64_t count, std::int64_t classes);

private:
  std::unique_ptr<device> device_;
  stream& stream_;
  random_source random_{20240229, 7};
};

struct extent {
  std::int64_t rows, columns;
};

// Shapes with one row, one column, odd widths and sizes around the blocks of the implementation.
std::vector<extent> awkward_shapes();

} // namespace syngrad
