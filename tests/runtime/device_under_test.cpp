#include "tests/runtime/device_under_test.hpp"

namespace syngrad {

tensor device_under_test::upload(const reference::matrix& values, shape extents) {
  std::vector<float> rounded(values.at.begin(), values.at.end());
  auto out = make_tensor(stream_, extents);
  ops().upload(stream_, rounded.data(), out);
  return out;
}

tensor device_under_test::upload(const std::vector<std::int32_t>& values) {
  auto out = make_tensor(stream_, {static_cast<std::int64_t>(values.size())}, dtype::i32);
  ops().upload(stream_, values.data(), out);
  return out;
}

tensor device_under_test::upload(const std::vector<std::uint8_t>& values, shape extents) {
  auto out = make_tensor(stream_, extents, dtype::u8);
  ops().upload(stream_, values.data(), out);
  return out;
}

tensor device_under_test::zeros(shape extents) {
  auto out = make_tensor(stream_, extents);
  ops().fill(stream_, out, 0);
  return out;
}

tensor device_under_test::scalar(float value) {
  auto out = make_tensor(stream_, {1});
  ops().fill(stream_, out, value);
  return out;
}

reference::matrix device_under_test::download(const tensor& values) {
  auto seen = make_host_visible_tensor(stream_, values.extents(), values.type());
  ops().copy(stream_, values, seen);
  device_->synchronize();
  reference::matrix out(values.rows(), values.columns());
  for (std::int64_t i = 0; i < values.elements(); ++i)
    out.at[static_cast<std::size_t>(i)] = seen.type() == dtype::f32   ? static_cast<double>(seen.f32()[i])
                                          : seen.type() == dtype::i32 ? seen.i32()[i]
                                                                      : seen.u8()[i];
  return out;
}

reference::matrix device_under_test::normal(std::int64_t rows, std::int64_t columns) {
  reference::matrix out(rows, columns);
  for (auto& each : out.at) each = static_cast<double>(static_cast<float>(random_.normal()));
  return out;
}

std::vector<std::int32_t> device_under_test::labels(std::int64_t count, std::int64_t classes) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(count));
  for (auto& each : out) each = static_cast<std::int32_t>(random_.below(static_cast<std::uint32_t>(classes)));
  return out;
}

std::vector<extent> awkward_shapes() {
  return {{1, 1}, {1, 257}, {257, 1}, {2, 3}, {3, 8}, {5, 31}, {7, 64}, {64, 33}, {33, 784}, {256, 10}, {19, 1100}};
}

} // namespace syngrad
