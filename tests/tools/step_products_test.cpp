#include "tests/support/catch.hpp"
#include "tools/bench/bursts.hpp"

using namespace syngrad;
using namespace syngrad::tools;

namespace {

const std::vector<std::int64_t> widths{784, 256, 256, 256, 256, 256, 10};

shape applied(const shape& extents, transpose how) {
  return how == transpose::yes ? shape{extents[1], extents[0]} : extents;
}

void check_shapes(const step_products& products) {
  for (const auto& product : products.list) {
    const auto a = applied(products.buffers[product.a], product.transpose_a);
    const auto b = applied(products.buffers[product.b], product.transpose_b);
    const auto& c = products.buffers[product.c];
    CHECK(a[1] == b[0]);
    CHECK(c == shape{a[0], b[1]});
    CHECK(product.flops == 2.0 * static_cast<double>(a[0] * a[1] * b[1]));
  }
}

} // namespace

TEST_CASE("Backpropagation through 784-256x5-10 with batch 256 takes 612 MFLOP of products") {
  const auto products = backpropagation_products(widths, 256);
  CHECK(products.flops() == 2.0 * 256 * (2 * (784 * 256 + 4 * 256 * 256 + 2560) + 4 * 256 * 256 + 2560));
  CHECK(products.flops() / 1e6 == Approx(612).epsilon(0.001));
  CHECK(products.needed_flops() == products.flops());
  CHECK(products.list.size() == 6 + 6 + 5);
  check_shapes(products);
}

TEST_CASE("Linear synthetic gradients need 948 MFLOP of products, and repeat the prediction in training") {
  const auto products = synthetic_linear_products(widths, 256);
  CHECK(products.needed_flops() / 1e6 == Approx(948).epsilon(0.001));
  CHECK(products.flops() - products.needed_flops() == 5 * 2.0 * 256 * 256 * 256);
  CHECK(products.list.size() == 17 + 3 * 5);
  check_shapes(products);
}
