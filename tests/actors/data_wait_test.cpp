// What counts as waiting for data: nothing made, and nothing else that the group above could do. And the advice.
#include "actors/data_wait.hpp"

#include "tests/support/catch.hpp"

using namespace syngrad;

TEST_CASE("a wait for data counts from when all credits are back, or from when a batch is wanted, until it is there") {
  data_wait wait;
  wait.credits(2);
  wait.begin(2, 100);
  REQUIRE(wait.is_waiting());
  wait.end(150);
  REQUIRE(wait.total_ns() == 50);
  wait.credits(1);
  wait.begin(1, 200); // the group still has a batch
  REQUIRE_FALSE(wait.is_waiting());
  wait.end(300);
  REQUIRE(wait.total_ns() == 50);
  wait.credits(2);
  wait.begin(2, 310); // now it has none
  wait.end(340);
  REQUIRE(wait.total_ns() == 80);
}

TEST_CASE("advice on slow data is about data of that kind") {
  sample_set images, text, rows;
  images.files = {"a.png"};
  text.window = 8;
  REQUIRE(what_makes_data_faster(images, false) == "images nearer to their size or a faster disk take less");
  REQUIRE(what_makes_data_faster(images, true).find("--augment") != std::string::npos);
  REQUIRE(what_makes_data_faster(text, false) ==
          "a faster disk, or a copy of the file in memory (/dev/shm), takes less");
  REQUIRE(what_makes_data_faster(rows, true) == "no --augment takes less");
}
