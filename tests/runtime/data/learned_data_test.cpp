// Data for a network that is trained: made by what the run has learned of its own.
#include "runtime/data/batch_order.hpp"
#include "runtime/data/csv.hpp"
#include "runtime/data/data_source.hpp"
#include "runtime/data/learned_data.hpp"
#include "runtime/data/npy_array.hpp"

#include "tests/runtime/data/temporary_folder.hpp"

#include <cstring>

using namespace syngrad;

namespace {

learned_data flowers(bool wants_targets = true) {
  learned_data known{{{2}}, label_spec(3)};
  known.class_names = {"lily", "rose", "tulip"};
  known.scaling = {{"width", 3, 2}, {"height", 10, 0.5}};
  known.wants_targets = wants_targets;
  return known;
}

csv_settings usual() {
  return {{}, 0.5, 1, {}, {}};
}

result<dataset> load_known(const std::string& content, const learned_data& known = flowers(),
                           const csv_settings& settings = usual()) {
  const temporary_folder folder;
  return load_csv_as_learned(folder.write("new.csv", content), settings, known);
}

using floats = std::vector<float>;
using labels = std::vector<std::int32_t>;

} // namespace

TEST_CASE("columns of a table for a trained network are found by name, in any order, and scaled as the run's were") {
  const auto data =
    load_known("kind,height,note,width\nrose,12,x,4\nlily,8,y,3\n", flowers(), {{"kind"}, 0.5, 1, {}, {}});
  REQUIRE(data);
  CHECK(data->train.count == 0);
  CHECK(data->test.count == 2);
  CHECK(data->test.floats == floats{2, 1, 0, -1});
  CHECK(data->test.labels == labels{1, 0});
  CHECK(data->class_names == flowers().class_names);
}

TEST_CASE("without names columns of a table for a trained network stand in the order of the run's") {
  const auto data = load_known("4,12,tulip\n3,10,rose\n");
  REQUIRE(data);
  CHECK(data->test.floats == floats{2, 1, 0, 0});
  CHECK(data->test.labels == labels{2, 1});
}

TEST_CASE("rows without labels are read where targets are not wanted, and labels that there are do not count") {
  for (const std::string content :
       {"width,height\n4,12\n", "4,12\n", "4,12,nonsense\n", "height,width,kind\n12,4,\n"}) {
    INFO(content);
    const auto data = load_known(content, flowers(false));
    REQUIRE(data);
    CHECK(data->test.floats == floats{2, 1});
    CHECK(data->test.labels == labels{0});
  }
}

TEST_CASE("values of a table for a trained network are read from the columns that the run's options name") {
  auto known = flowers();
  known.class_names.clear();
  known.target = sample_spec{{2}};
  auto settings = usual();
  settings.takes_values = true;
  settings.target_columns = {"b", "a"};
  const auto data = load_known("width,a,height,b\n4,0.5,12,7\n", known, settings);
  REQUIRE(data);
  CHECK(data->test.values == floats{7, 0.5f});
}

TEST_CASE("what a trained network cannot take is refused with file, place and remedy") {
  require_message(load_known("width,height,kind\n4,12,daisy\n"),
                  {"new.csv", "'daisy' (line 2)", "'lily', 'rose', 'tulip'"});
  require_message(load_known("width,depth,kind\n4,12,rose\n"), {"new.csv: line 1", "'width', 'height'"});
  require_message(load_known("4,12\n"), {"line 1", "2 columns", "2 features", "1 of targets"});
  require_message(load_known("width,height\n4,12\n"), {"--label-column", "syngrad predict"});
  require_message(load_known("4,12,rose\n4,rose\n"), {"line 2", "2 fields", "3"});
  require_message(load_known("width,height,kind\n4,many,rose\n"), {"line 2, column 2", "'many'"});
  require_message(load_known("width,height,kind\n"), {"no rows"});
  auto other = flowers();
  other.scaling.clear();
  require_message(load_known("4,12,rose\n", other), {"not trained on a table"});
}

TEST_CASE("labels that are numbers are compared as numbers with those of the run") {
  auto known = flowers();
  known.class_names = {"1", "2", "4"};
  const auto data = load_known("4,12,04\n3,10,1.0\n", known);
  REQUIRE(data);
  CHECK(data->test.labels == labels{2, 0});
  known.class_names.clear();
  known.target = label_spec(3);
  const auto plain = load_known("4,12,2\n3,10,0\n", known);
  REQUIRE(plain);
  CHECK(plain->test.labels == labels{2, 0});
  require_message(load_known("4,12,3\n", known), {"'3'", "0 to 2"});
}

TEST_CASE("arrays for a trained network need no targets, and are all of them its samples") {
  const temporary_folder folder;
  const std::vector<float> x{1, 2, 3, 4, 5, 6};
  const auto header = npy_header(npy_array::kind::f32, {3, 2});
  CHECK(header.size() % 64 == 0);
  std::string bytes = header;
  bytes.append(reinterpret_cast<const char*>(x.data()), x.size() * sizeof(float));
  const auto path = folder.write("x.npy", bytes);
  data_settings settings;
  settings.learned = flowers(false);
  const auto data = open_dataset("npy:" + path, settings);
  REQUIRE(data);
  CHECK(data->test.count == 3);
  CHECK(data->test.floats == x);
  CHECK(data->test.labels == labels{0, 0, 0});
  settings.learned->wants_targets = true;
  require_message(open_dataset("npy:" + path, settings), {"npy:X,Y"});
  const std::vector<std::int64_t> y{2, 0, 2};
  bytes = npy_header(npy_array::kind::i64, {3});
  bytes.append(reinterpret_cast<const char*>(y.data()), y.size() * sizeof(std::int64_t));
  settings.learned->class_names.clear();
  const auto judged = open_dataset("npy:" + path + "," + folder.write("y.npy", bytes), settings);
  REQUIRE(judged);
  CHECK(judged->test.labels == labels{2, 0, 2});
}

TEST_CASE("a text for a trained network is in the tokens of the run, and all of it is test") {
  const temporary_folder folder;
  data_settings settings;
  settings.context = 4;
  settings.learned = learned_data{{{4}, dtype::i32, 5}, {{4}, dtype::i32, 5}};
  settings.learned->tokens = *vocabulary::of_characters("abcde");
  const auto data = open_dataset("text:" + folder.write("a.txt", "edcbaedcba"), settings);
  REQUIRE(data);
  CHECK(data->train.count == 0);
  CHECK(data->test.count == 2); // of 9 tokens that have a next one
  std::vector<std::int32_t> tokens(10);
  data->test.text.copy(0, tokens);
  CHECK(tokens == std::vector<std::int32_t>{4, 3, 2, 1, 0, 4, 3, 2, 1, 0});
  const auto windows = order_test_samples(*data, {.batch_size = 2});
  REQUIRE(windows);
  CHECK(*windows == std::vector<std::int64_t>{0, 4});
  require_message(open_dataset("text:" + folder.write("b.txt", "abxab"), settings), {"b.txt", "other characters"});
}

TEST_CASE("test samples alone are in the order in which a run evaluates them") {
  const auto digits = open_dataset("digits", {});
  REQUIRE(digits);
  for (const std::int64_t most : {0, 77}) {
    const order_settings settings{.batch_size = 64, .eval_samples = most};
    const auto all = order_samples(*digits, settings);
    const auto alone = order_test_samples(*digits, settings);
    REQUIRE(all);
    REQUIRE(alone);
    CHECK(all->test == *alone);
  }
}
