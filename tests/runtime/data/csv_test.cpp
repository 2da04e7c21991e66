#include "runtime/data/csv.hpp"
#include "runtime/random.hpp"

#include "tests/runtime/data/temporary_folder.hpp"

#include <algorithm>
#include <cmath>

using namespace syngrad;

namespace {

csv_settings half(std::optional<std::string> label_column = {}) {
  return {std::move(label_column), 0.5, 1};
}

result<dataset> load(const std::string& content, const csv_settings& settings = half()) {
  const temporary_folder folder;
  return load_csv(folder.write("table.csv", content), settings);
}

// Labels of both parts together, sorted.
std::vector<std::int32_t> all_labels(const dataset& data) {
  auto labels = data.train.labels;
  labels.insert(labels.end(), data.test.labels.begin(), data.test.labels.end());
  std::sort(labels.begin(), labels.end());
  return labels;
}

using labels = std::vector<std::int32_t>;

} // namespace

TEST_CASE("a table without header has its label in the last column") {
  const auto data = load("1.5,2,0\n2.5,-3e-1,1\n.5,+4,1\n7,8,2\n");
  REQUIRE(data);
  CHECK(data->features == 2);
  CHECK(data->classes == 3);
  CHECK(data->train.count == 2);
  CHECK(data->test.count == 2);
  CHECK(data->train.bytes.empty());
  CHECK(data->train.floats.size() == 4);
  CHECK(all_labels(*data) == labels{0, 1, 1, 2});
}

TEST_CASE("a first row with text in a feature column is a header") {
  const auto data = load("width,kind\n1,0\n2,1\n3,0\n4,1\n");
  REQUIRE(data);
  CHECK(data->train.count + data->test.count == 4);
}

TEST_CASE("text in the label column alone does not make a header") {
  const auto data = load("1,cat\n2,dog\n3,cat\n4,dog\n");
  REQUIRE(data);
  CHECK(data->train.count + data->test.count == 4);
  CHECK(all_labels(*data) == labels{0, 0, 1, 1});
}

TEST_CASE("the label column is chosen by name or by number") {
  const std::string table = "a,kind,b\n1,0,10\n2,1,20\n3,0,30\n4,1,40\n";
  for (const auto* column : {"kind", "1"}) {
    const auto data = load(table, half(column));
    REQUIRE(data);
    CHECK(data->features == 2);
    CHECK(all_labels(*data) == labels{0, 0, 1, 1});
  }
  CHECK(load(table, half("0"))->classes == 5);
}

TEST_CASE("a named label column makes the first row a header though all of it could be data") {
  const auto data = load("1,2,y\n1,2,0\n2,3,1\n", half("y"));
  REQUIRE(data);
  CHECK(data->train.count + data->test.count == 2);
}

TEST_CASE("an unknown label column lists those that there are") {
  require_message(load("a,b,c\n1,2,0\n", half("d")), {"table.csv", "'d'", "'a', 'b', 'c'", "0..2"});
  require_message(load("a,b,c\n1,2,0\n", half("3")), {"table.csv", "'3'", "0..2"});
  require_message(load("a,b,c\n1,2,0\n", half("99999999999999999999999")), {"table.csv", "0..2"});
  require_message(load("a,b,c\n1,2,0\n", half("")), {"table.csv", "''"});
}

TEST_CASE("text labels become classes in sorted order") {
  const auto data = load("1,setosa\n1,virginica\n1,setosa\n1,\"iris, blue\"\n1,setosa\n1,virginica\n");
  REQUIRE(data);
  CHECK(data->classes == 3);
  CHECK(all_labels(*data) == labels{0, 1, 1, 1, 2, 2}); // "iris, blue" < "setosa" < "virginica"
}

TEST_CASE("integer labels are class numbers, negative or mixed ones are text") {
  CHECK(load("1,3\n2,1\n3,3\n4,1\n")->classes == 4);
  CHECK(all_labels(*load("1,-1\n2,1\n3,-1\n4,1\n")) == labels{0, 0, 1, 1});
  CHECK(load("1,0\n2,one\n3,0\n4,one\n")->classes == 2);
  CHECK(load("1,20000\n2,30000\n3,30000\n4,20000\n")->classes == 2);
}

TEST_CASE("quotes, CRLF, blank lines, blanks and a byte order mark are understood") {
  const auto data =
    load("\xef\xbb\xbf\"the \"\"x\"\"\nof it\" , y ,label\r\n\r\n 1 ,\"2\", a\r\n\n3,4 ,\"b\" \r\n  \r\n5,6,a");
  REQUIRE(data);
  CHECK(data->features == 2);
  CHECK(data->train.count + data->test.count == 3);
  CHECK(all_labels(*data) == labels{0, 0, 1});
}

TEST_CASE("features are standardised by the training rows, constant ones are 0") {
  std::string table;
  random_source random(9, 0);
  for (int row = 0; row < 500; ++row) {
    table += std::to_string(1e6 + 3 * random.normal()) + "," + std::to_string(-0.01 * random.uniform()) + ",0.1," +
             std::to_string(row % 2) + "\n";
  }
  const auto data = load(table, {{}, 0.2, 3});
  REQUIRE(data);
  CHECK(data->train.count == 400);
  CHECK(data->test.count == 100);
  for (std::size_t feature = 0; feature < 2; ++feature) {
    const auto moments = [&](const sample_set& set) {
      double sum = 0, squares = 0;
      for (std::size_t row = 0; row < static_cast<std::size_t>(set.count); ++row) {
        const double value = set.floats[row * 3 + feature];
        sum += value;
        squares += value * value;
      }
      const auto count = static_cast<double>(set.count);
      return std::pair{sum / count, squares / count};
    };
    const auto [train_mean, train_square] = moments(data->train);
    CHECK(train_mean == Approx(0).margin(1e-5));
    CHECK(train_square == Approx(1).margin(1e-5));
    const auto [test_mean, test_square] = moments(data->test);
    CHECK(test_mean != Approx(0).margin(1e-5)); // its own statistics are not used
    CHECK(std::abs(test_mean) < 0.4);
    CHECK(test_square == Approx(1).margin(0.5));
  }
  for (const auto* set : {&data->train, &data->test})
    for (std::size_t i = 2; i < set->floats.size(); i += 3) REQUIRE(set->floats[i] == 0);
}

TEST_CASE("standardised values and labels stay together") {
  const auto data = load("10,0\n20,1\n10,0\n20,1\n10,0\n20,1\n10,0\n20,1\n");
  REQUIRE(data);
  for (const auto* set : {&data->train, &data->test})
    for (std::size_t i = 0; i < set->labels.size(); ++i) CHECK((set->floats[i] > 0) == (set->labels[i] == 1));
}

TEST_CASE("the division into training and test rows follows the seed") {
  std::string table;
  for (int row = 0; row < 100; ++row) table += std::to_string(row) + "," + std::to_string(row) + "\n";
  const auto a = load(table, {{}, 0.3, 1}), again = load(table, {{}, 0.3, 1}), b = load(table, {{}, 0.3, 2});
  CHECK(a->test.count == 30);
  CHECK(a->test.labels == again->test.labels);
  CHECK(a->train.floats == again->train.floats);
  CHECK(a->test.labels != b->test.labels);
  const auto all = all_labels(*a);
  for (std::int32_t row = 0; row < 100; ++row) CHECK(all[static_cast<std::size_t>(row)] == row);
}

TEST_CASE("a bad field is named by file, line, column and header") {
  const std::string good = "a,b,y\n1,2,0\n\n2,3,1\n";
  require_message(load(good + "1,x,0\n"), {"table.csv", "line 5", "column 2", "'b'", "'x'", "not a number"});
  require_message(load(good + "nan,1,0\n"), {"line 5", "column 1", "'a'", "'nan'", "finite"});
  require_message(load(good + "1,-Inf,0\n"), {"line 5", "column 2", "'-Inf'", "finite"});
  require_message(load(good + "1e39,1,0\n"), {"line 5", "column 1", "1e39", "32-bit float"});
  require_message(load(good + "1e999,1,0\n"), {"line 5", "column 1", "1e999", "32-bit float"});
  require_message(load(good + "1,,0\n"), {"line 5", "column 2", "nothing there"});
  require_message(load(good + "1,2,\n"), {"line 5", "column 3", "'y'", "nothing there"});
  require_message(load(good + "1 2,1,0\n"), {"line 5", "'1 2'"});
  require_message(load(good + "0x10,1,0\n"), {"line 5", "'0x10'"});
  CHECK(load(good + "1e-999,1,0\n"));
}

TEST_CASE("NaN in the first row is an error, not a header") {
  require_message(load("1,nan,0\n1,2,1\n"), {"line 1", "column 2", "'nan'"});
}

TEST_CASE("rows of different lengths are refused") {
  require_message(load("1,2,0\n1,0\n"), {"line 2", "column 3", "2 fields", "has 3"});
  require_message(load("1,2,0\n\n1,2,0,4\n"), {"line 3", "column 4", "4 fields", "has 3"});
}

TEST_CASE("line numbers count the lines inside quotes") {
  require_message(load("\"a\nb\nc\",y\n1,0\nx,1\n"), {"line 5", "column 1", "a?b?c"});
}

TEST_CASE("broken quotes are refused where they begin") {
  require_message(load("1,0\n2,\"1\n3,0\n"), {"line 2", "column 2", "never ends"});
  require_message(load("1,0\n\"2\"3,1\n"), {"line 2", "column 1", "after the closing quote"});
  require_message(load("1,0\n2\"3,1\n"), {"line 2", "column 1", "quote inside a field"});
  require_message(load("1,0\n\"2\" \"3\",1\n"), {"line 2", "column 1", "after the closing quote"});
  require_message(load("1,0\n2,\"" + std::string(100'000, 'x')),
                  {"line 2", "column 2", "closing quote may be missing"});
}

TEST_CASE("what is not a table of text is refused") {
  require_message(load(std::string("1,\0,2\n", 6)), {"line 1", "column 2", "NUL"});
  require_message(load(""), {"table.csv", "no rows"});
  require_message(load("\n \r\n\n"), {"table.csv", "no rows"});
  require_message(load("a,b\n"), {"table.csv", "no rows"});
  require_message(load("1;2;0\n"), {"table.csv", "single column", "commas"});
  const temporary_folder folder;
  require_message(load_csv(folder.path("absent.csv"), {}), {folder.path("absent.csv"), "no such file"});
  require_message(load_csv(folder.path(), {}), {folder.path(), "not a regular file"});
}

TEST_CASE("a label column with one value, or far too many, is refused") {
  require_message(load("1,7\n2,7\n3,7\n"), {"table.csv", "same label", "--label-column"});
  std::string table;
  for (int row = 0; row < 10'001; ++row) table += "1," + std::to_string(row) + ".5\n";
  require_message(load(table), {"line 10001", "column 2", "more than 10000", "--label-column"});
}

TEST_CASE("a test fraction that leaves a part empty is refused") {
  const std::string table = "1,0\n2,1\n3,0\n";
  for (const auto fraction : {0.0, 1.0, -1.0, std::nan("")})
    require_message(load(table, {{}, fraction, 1}), {"--test-fraction", "between 0 and 1"});
  require_message(load(table, {{}, 0.01, 1}), {"--test-fraction", "3 rows", "empty"});
  require_message(load(table, {{}, 0.99, 1}), {"--test-fraction", "empty"});
}

TEST_CASE("a compressed table is read as the plain one, a truncated one refused") {
  std::string table = "a,b,label\n";
  random_source random(5, 0);
  for (int row = 0; row < 20'000; ++row)
    table +=
      std::to_string(random.uniform()) + "," + std::to_string(random.uniform()) + "," + std::to_string(row % 3) + "\n";
  const temporary_folder folder;
  const auto packed = folder.write_gzip("table.csv.gz", table);
  const auto data = load_csv(packed, {});
  REQUIRE(data);
  CHECK(data->train.count == 16'000);
  CHECK(data->train.floats == load_csv(folder.write("table.csv", table), {})->train.floats);
  folder.cut("table.csv.gz", 1000);
  require_message(load_csv(packed, {}), {packed, "truncated"});
}
