#include "runtime/tensor.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad;

TEST_CASE("a shape knows its rows, columns and elements") {
  REQUIRE(shape{}.elements() == 1);
  REQUIRE(shape{5}.rows() == 5);
  REQUIRE(shape{5}.columns() == 1);
  REQUIRE(shape{3, 4, 5}.columns() == 5); // a row is one position of one sample
  REQUIRE(shape{3, 4, 5}.rows() == 12);
  REQUIRE(shape{}.rows() == 1);
  REQUIRE(shape{0, 4}.columns() == 4);
  REQUIRE(shape{3, 4, 5}.with_features(7) == shape{3, 4, 7});
  REQUIRE(shape::of_batch(2, {3, 4}) == shape{2, 3, 4});
  REQUIRE(shape{3, 4, 5}.elements() == 60);
  REQUIRE(shape{0, 4}.elements() == 0);
  REQUIRE(shape{3, 4}.to_string() == "[3, 4]");
  REQUIRE(shape{3, 4} != shape{4, 3});
}

TEST_CASE("a view shares the memory of its tensor, from its first element on") {
  cpu_device where;
  auto& on = where.make_stream();
  auto whole = make_tensor(on, {6, 4});
  for (int i = 0; i < 24; ++i) whole.f32()[i] = static_cast<float>(i);
  auto part = whole.view(8, {2, 4});
  REQUIRE(part.f32() == whole.f32() + 8);
  REQUIRE(part.rows() == 2);
  REQUIRE(part.f32()[7] == 15);
  part.f32()[0] = -1;
  REQUIRE(whole.f32()[8] == -1);
  REQUIRE(part.view(4, {4}).f32() == whole.f32() + 12);
}

TEST_CASE("a view keeps the memory of a tensor that is gone") {
  cpu_device where;
  auto& on = where.make_stream();
  tensor part;
  {
    const auto whole = make_tensor(on, {100});
    whole.f32()[99] = 42;
    part = whole.view(99, {1});
  }
  REQUIRE(where.memory().counters().in_use == 1);
  REQUIRE(part.f32()[0] == 42);
  part = {};
  REQUIRE(where.memory().counters().in_use == 0);
}

TEST_CASE("bytes follow from the element type") {
  cpu_device where;
  auto& on = where.make_stream();
  REQUIRE(make_tensor(on, {3, 5}).bytes() == 60);
  REQUIRE(make_tensor(on, {3, 5}, dtype::i32).bytes() == 60);
  REQUIRE(make_tensor(on, {3, 5}, dtype::u8).bytes() == 15);
}

TEST_CASE("an empty tensor is false and may be waited for") {
  cpu_device where;
  const tensor none;
  REQUIRE_FALSE(none);
  REQUIRE(none.ready().ready());
  REQUIRE_NOTHROW(none.read_on(where.make_stream()));
}
