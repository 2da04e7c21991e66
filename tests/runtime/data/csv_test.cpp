#include "runtime/data/csv.hpp"
#include "runtime/random.hpp"

#include "tests/runtime/data/temporary_folder.hpp"

#include <algorithm>
#include <cmath>

using namespace syngrad;

namespace {

csv_settings half(std::optional<std::string> label_column = {}) {
  return {std::move(label_column), 0.5, 1, {}, {}};
}

csv_settings half(label_rule rule) {
  return {{}, 0.5, 1, rule, {}};
}

csv_settings separated_by(char delimiter) {
  return {{}, 0.5, 1, {}, delimiter};
}

csv_settings draw(double test_fraction, std::uint64_t seed) {
  return {{}, test_fraction, seed, {}, {}};
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

// Both parts together, feature by feature of each row, sorted.
std::vector<float> all_features(const dataset& data) {
  auto values = data.train.floats;
  values.insert(values.end(), data.test.floats.begin(), data.test.floats.end());
  std::sort(values.begin(), values.end());
  return values;
}

// All that was noted, as one text.
std::string notes(const result<dataset>& data) {
  REQUIRE(data);
  std::string text;
  for (const auto& note : data->notes) {
    CHECK(note.find('\n') == note.npos);
    text += note + "\n";
  }
  return text;
}

bool says(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != text.npos;
}

using labels = std::vector<std::int32_t>;
using names = std::vector<std::string>;

} // namespace

TEST_CASE("a table without header has its label in the last column") {
  const auto data = load("1.5,2,0\n2.5,-3e-1,1\n.5,+4,1\n7,8,2\n");
  REQUIRE(data);
  CHECK(data->input == sample_spec{{2}});
  CHECK(data->target.categories == 3);
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
    CHECK(data->input == sample_spec{{2}});
    CHECK(all_labels(*data) == labels{0, 0, 1, 1});
  }
  CHECK(all_labels(*load("k,a\n0,5\n1,6\n1,7\n0,8\n", half("0"))) == labels{0, 0, 1, 1});
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
  CHECK(data->target.categories == 3);
  CHECK(all_labels(*data) == labels{0, 1, 1, 1, 2, 2}); // "iris, blue" < "setosa" < "virginica"
}

TEST_CASE("equal numbers are one label however they are written, and that is said") {
  const auto data = load("5,1\n6,0\n7,1.0\n8,01\n9,\" 1\"\n10,+1\n11,1e0\n12,-0\n");
  REQUIRE(data);
  CHECK(data->target.categories == 2);
  CHECK(data->class_names.empty());
  CHECK(all_labels(*data) == labels{0, 0, 1, 1, 1, 1, 1, 1});
  CHECK(says(notes(data), "'1.0' (line 3) is '1' (line 1)"));
  CHECK(says(notes(data), "'01' (line 4) is '1' (line 1)"));
  CHECK(notes(load("5,1\n6,0\n7,1\n")).empty());
  CHECK(load("5,1\n6,one\n7,1.0\n8,one\n", half(label_rule::renumber))->target.categories == 2); // also among names
}

TEST_CASE("whole numbers that a double does not tell apart stay apart") {
  const auto data = load("1,9007199254740993\n2,9007199254740992\n3,9007199254740993\n4,9007199254740992\n");
  REQUIRE(data);
  CHECK(data->target.categories == 2);
  CHECK(data->class_names == names{"9007199254740992", "9007199254740993"});
}

TEST_CASE("labels that are not numbered from 0, or leave gaps, ask for --labels") {
  const std::string from_one = "1,1\n2,2\n3,3\n4,1\n", gaps = "1,0\n2,30\n3,2\n4,0\n";
  require_message(load(from_one),
                  {"table.csv: column 2", "3 different labels", "'1' to '3'", "numbered from 0", "4 outputs",
                   "nothing has the label 0", "--labels renumber makes 3 classes", "--labels as-is"});
  require_message(load(gaps), {"31 outputs", "1, 3, 4", "(28 in all)", "--labels renumber makes 3 classes"});

  const auto renumbered = load(gaps, half(label_rule::renumber));
  REQUIRE(renumbered);
  CHECK(renumbered->target.categories == 3);
  CHECK(renumbered->class_names == names{"0", "2", "30"});
  CHECK(all_labels(*renumbered) == labels{0, 0, 1, 2});
  CHECK(says(notes(renumbered), "classes 0 = '0', 1 = '2', 2 = '30'"));

  const auto kept = load(from_one, half(label_rule::as_is));
  REQUIRE(kept);
  CHECK(kept->target.categories == 4);
  CHECK(kept->class_names.empty());
  CHECK(all_labels(*kept) == labels{1, 1, 2, 3});
  CHECK(says(notes(kept), "no sample has the label 0"));
}

TEST_CASE("numbers are renumbered by their value, not by their text") {
  const auto data = load("1,10\n2,9\n3,-1.5\n4,10.0\n", half(label_rule::renumber));
  REQUIRE(data);
  CHECK(data->class_names == names{"-1.5", "9", "10"});
  CHECK(all_labels(*data) == labels{0, 1, 2, 2});
}

TEST_CASE("negative, broken and large labels are no class numbers") {
  const auto remedy = "--labels renumber makes 2 classes";
  require_message(load("1,-1\n2,1\n3,-1\n4,1\n"), {"column 2", "'-1' (line 1)", "0 to 9999", remedy});
  require_message(load("1,0\n2,0.5\n3,0\n"), {"'0.5' (line 2)", remedy, "--label-column"});
  require_message(load("1,20000\n2,30000\n"), {"'20000' (line 1)", "0 to 9999", remedy});
  require_message(load("1,-1\n2,1\n", half(label_rule::as_is)), {"'-1' (line 1)", remedy});
  CHECK(load("1,-1\n2,1\n3,-1\n4,1\n", half(label_rule::renumber))->target.categories == 2);
}

TEST_CASE("names are numbered and listed, and cannot be kept as they are") {
  const std::string table = "1,setosa\n2,virginica\n3,setosa\n";
  const auto data = load(table);
  REQUIRE(data);
  CHECK(data->class_names == names{"setosa", "virginica"});
  CHECK(says(notes(data), "column 2: classes 0 = 'setosa', 1 = 'virginica'"));
  CHECK(load(table, half(label_rule::renumber))->class_names == data->class_names);
  require_message(load(table, half(label_rule::as_is)), {"column 2", "'setosa' (line 1)", "--labels as-is"});
}

TEST_CASE("a name among numbers is refused, unless each is to be a class") {
  const std::string table = "1,0\n2,one\n3,0\n4,one\n";
  require_message(load(table), {"column 2", "mixed", "'0' (line 1) and 'one' (line 2)", "--labels renumber"});
  require_message(load(table, half(label_rule::as_is)), {"mixed", "'one' (line 2)"});
  CHECK(load(table, half(label_rule::renumber))->class_names == names{"0", "one"});
  require_message(load("1,NA\n2,0\n3,1\n"), {"mixed", "'NA' (line 1)"}); // no title of a header
}

TEST_CASE("what stands for a missing label is refused where it is") {
  for (const auto* text : {"nan", "NaN", "inf", "-Infinity"})
    require_message(load(std::string("1,0\n2,1\n3,") + text + "\n"), {"line 3, column 2", text, "missing"});
  require_message(load("1,0\n2,\"  \"\n"), {"line 2, column 2", "nothing there"});
}

TEST_CASE("semicolons, tabs and bars are found, and said") {
  for (const std::string separator : {";", "\t", "|"}) {
    const auto line = [&](const std::string& a, const std::string& b, const std::string& c) {
      return a + separator + b + separator + c + "\n";
    };
    const auto data = load(line("a", "\"b, or c\"", "y") + line("1", "2", "0") + line(" 3", "4 ", "1"));
    REQUIRE(data);
    CHECK(data->input == sample_spec{{2}});
    CHECK(all_labels(*data) == labels{0, 1});
    CHECK(says(notes(data), "table.csv: line 1: "));
    CHECK(says(notes(data), "--delimiter "));
  }
}

TEST_CASE("the option --delimiter decides, also for blanks in any number") {
  CHECK(load("a,b;c,d;y\n1;2;0\n3;4;1\n", separated_by(';'))->input == sample_spec{{2}});
  const auto data = load("  1   2 0\n3 4\t1 \n\"5\"  6  0", separated_by(' '));
  REQUIRE(data);
  CHECK(data->input == sample_spec{{2}});
  CHECK(all_labels(*data) == labels{0, 0, 1});
  CHECK(notes(data).empty());
  require_message(load("1,2,0\n", separated_by('\t')), {"line 1", "single column", "tab", "--delimiter"});
}

TEST_CASE("of several separators in the first row that one is taken which divides all rows alike") {
  const auto semicolons = load("width, cm;height;y\n1;2;0\n\n3;4;1\n");
  REQUIRE(semicolons);
  CHECK(semicolons->input == sample_spec{{2}});
  CHECK(says(notes(semicolons), "line 1: semicolons"));
  CHECK(load("a,b;c\td,y\n1,2,0\n3,4,1\n")->input == sample_spec{{2}});
  CHECK(load("1,a\n2,\"a;b\"\n3,a\n")->target.categories == 2);
}

TEST_CASE("separators that cannot be told apart are asked for") {
  require_message(load("1,5;0\n2,5;1\n"), {"table.csv: line 1", "commas or semicolons", "'1,5;0'",
                                           "--delimiter comma or --delimiter semicolon"});
  require_message(load("1;2|0\n"), {"line 1", "semicolons or bars", "--delimiter semicolon", "--delimiter bar"});
  require_message(load("1,5;0\n2,5;1\n", separated_by(';')), {"line 1, column 1", "'1,5'", "decimal comma"});
}

TEST_CASE("comments before the first row are left out, and may hold its header") {
  const auto data = load("# made by hand, it's 5\" tall\n\n% more\n1,2,0\n3,4,1\n");
  REQUIRE(data);
  CHECK(data->train.count + data->test.count == 2);
  CHECK(says(notes(data), "line 1: the first of 2 comments, left out"));

  const auto named = load("# a,kind,b\n1,0,10\n2,1,20\n", half("kind"));
  REQUIRE(named);
  CHECK(named->input == sample_spec{{2}});
  CHECK(all_labels(*named) == labels{0, 1});
  CHECK(says(notes(named), "line 1: a comment, taken for the header"));
  require_message(load("# a b kind\n1,0,10\n", half("kind")), {"no label column 'kind'"});
  require_message(load("# a,b,y\n1,x,0\n"), {"line 2, column 2 ('b')", "'x'"});
  require_message(load("1,2,0\n# 3,4,1\n"), {"line 2, column 1", "'# 3'", "comments stand before the first row"});
}

TEST_CASE("a spreadsheet's line that names the separator is obeyed") {
  const auto data = load("sep=;\na,b;c;y\n1;2;0\n3;4;1\n");
  REQUIRE(data);
  CHECK(data->input == sample_spec{{2}});
  CHECK(data->train.count + data->test.count == 2);
}

TEST_CASE("a title is named by its line") {
  require_message(load("My measurements\na,b,y\n1,2,0\n"),
                  {"table.csv: line 1", "single column", "'My measurements'", "--delimiter space", "#"});
  require_message(load("\n# x\nTitle\na,b,y\n"), {"table.csv: line 3", "'Title'"});
}

TEST_CASE("a header of numbers is found by the title of its labels") {
  const auto data = load("0,1,label\n5,6,0\n7,8,1\n");
  REQUIRE(data);
  CHECK(data->train.count + data->test.count == 2);
  CHECK(data->target.categories == 2);
  CHECK(all_features(*data) == all_features(*load("5,6,0\n7,8,1\n")));
  CHECK(says(notes(data), "line 1 is taken for a header: its label 'label'"));
}

TEST_CASE("a name that two columns have is refused as the label's") {
  require_message(load("y,a,y\n0,1,1\n", half("y")), {"two columns", "'y'", "number"});
}

TEST_CASE("a first column that counts the rows is pointed out") {
  std::string table = ",a,y\n", uncounted = "a,y\n";
  for (int row = 0; row < 20; ++row) {
    const auto rest = std::to_string(row * row % 7) + "," + std::to_string(row % 2) + "\n";
    table += std::to_string(row) + "," + rest;
    uncounted += rest;
  }
  const auto data = load(table);
  CHECK(data->input == sample_spec{{2}});
  CHECK(says(notes(data), "column 1 counts the rows"));
  CHECK(notes(load(uncounted)).empty());
}

TEST_CASE("lines end as any system ends them, and other encodings are named") {
  const auto unix_ends = load("a,b,y\n1,2,0\n3,4,1\n");
  for (const std::string table : {"a,b,y\r1,2,0\r3,4,1", "a,b,y\r\n1,2,0\r\n3,4,1\r\n", "a,b,y\n1,2,0\r3,4,1\r\n"}) {
    const auto data = load(table);
    REQUIRE(data);
    CHECK(data->train.floats == unix_ends->train.floats);
    CHECK(data->train.labels == unix_ends->train.labels);
  }
  require_message(load("1,2,0\r3,x,1\r"), {"line 2, column 2"});
  require_message(load(std::string("\xff\xfe"
                                   "1\0,\0",
                                   6)),
                  {"table.csv", "UTF-16", "UTF-8"});
}

TEST_CASE("quotes, CRLF, blank lines, blanks and a byte order mark are understood") {
  const auto data =
    load("\xef\xbb\xbf\"the \"\"x\"\"\nof it\" , y ,label\r\n\r\n 1 ,\"2\", a\r\n\n3,4 ,\"b\" \r\n  \r\n5,6,a");
  REQUIRE(data);
  CHECK(data->input == sample_spec{{2}});
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
  const auto data = load(table, draw(0.2, 3));
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
  REQUIRE(data->scaling.size() == 3);
  CHECK(data->scaling[0].mean == Approx(1e6).margin(1));
  CHECK(data->scaling[0].factor == Approx(1.0 / 3).epsilon(0.1));
  CHECK(data->scaling[1].mean == Approx(-0.005).margin(0.001));
  CHECK(data->scaling[2].mean == Approx(0.1));
  CHECK(data->scaling[2].factor == 0);
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
  const auto a = load(table, draw(0.3, 1)), again = load(table, draw(0.3, 1)), b = load(table, draw(0.3, 2));
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

TEST_CASE("a first row that is half a header is pointed out") {
  CHECK(says(notes(load("1,x,0\n2,3,1\n4,5,0\n")),
             "line 1, column 2: 'x' is no number, so this line is taken for a header"));
  CHECK(notes(load("a,b,y\n2,3,1\n4,5,0\n")).empty());
}

TEST_CASE("NaN in the first row is an error, not a header") {
  require_message(load("1,nan,0\n1,2,1\n"), {"line 1", "column 2", "'nan'"});
}

TEST_CASE("rows of different lengths are refused") {
  require_message(load("1,2,0\n1,0\n"), {"line 2", "column 3", "2 fields", "has 3"});
  require_message(load("1,2,0\n\n1,2,0,4\n"), {"line 3", "column 4", "4 fields", "has 3"});
}

TEST_CASE("line numbers count the lines inside quotes") {
  require_message(load("\"a\nb\nc\",y\n1,0\nx,1\n"), {"line 5", "column 1", "a\\u{000A}b\\u{000A}c"});
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
  require_message(load(std::string("1.5,\0,2\n", 8)), {"line 1", "column 2", "NUL"});
  require_message(load(std::string("\0,1,2\n", 7)), {"table.csv", "NUL"});
  require_message(load(""), {"table.csv", "no rows"});
  require_message(load("\n \r\n\n"), {"table.csv", "no rows"});
  require_message(load("a,b\n"), {"table.csv", "no rows"});
  require_message(load("1\n2\n"), {"table.csv", "line 1", "single column", "commas"});
  const temporary_folder folder;
  require_message(load_csv(folder.path("absent.csv"), {}), {folder.path("absent.csv"), "no such file"});
  require_message(load_csv(folder.path(), {}), {folder.path(), "not a regular file"});
}

TEST_CASE("a label column with one value, or far too many, is refused") {
  require_message(load("1,7\n2,7.0\n3,07\n"), {"table.csv: column 2", "same label, '7'", "--label-column"});
  std::string table;
  for (int row = 0; row < 10'001; ++row) table += "1," + std::to_string(row) + ".5\n";
  require_message(load(table), {"line 10001", "column 2", "more than 10000", "--label-column"});
}

TEST_CASE("a test fraction that leaves a part empty is refused") {
  const std::string table = "1,0\n2,1\n3,0\n";
  for (const auto fraction : {0.0, 1.0, -1.0, std::nan("")})
    require_message(load(table, draw(fraction, 1)), {"--test-fraction", "between 0 and 1"});
  require_message(load(table, draw(0.01, 1)), {"--test-fraction", "3 rows", "empty"});
  require_message(load(table, draw(0.99, 1)), {"--test-fraction", "empty"});
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

TEST_CASE("columns of values are targets as they are, all others standardised features") {
  auto settings = half();
  settings.takes_values = true;
  settings.target_columns = {"price", "0"};
  const auto data = load("weight,size,price\n10,1,-2.5\n20,2,1e3\n30,3,0\n40,4,7\n", settings);
  REQUIRE(data);
  CHECK(data->input == sample_spec{{1}});
  CHECK(data->target == sample_spec{{2}});
  CHECK(data->train.labels.empty());
  std::vector<std::pair<float, float>> all; // price, weight
  for (const auto* part : {&data->train, &data->test})
    for (std::size_t i = 0; i < part->values.size(); i += 2) all.emplace_back(part->values[i], part->values[i + 1]);
  std::sort(all.begin(), all.end());
  CHECK(all == std::vector<std::pair<float, float>>{{-2.5f, 10}, {0, 30}, {7, 40}, {1000, 20}});
  CHECK(std::abs(data->train.floats[0]) == 1.0f); // of two rows
}

TEST_CASE("without a name the last column has the values, and a title in it is a header") {
  auto settings = half();
  settings.takes_values = true;
  const auto data = load("1,2,y\n1,5,0.5\n2,6,1.5\n", settings);
  REQUIRE(data);
  CHECK(data->train.count + data->test.count == 2);
  CHECK(data->input == sample_spec{{2}});
  settings.label_column = "0";
  CHECK(load("0.5,5\n1.5,6\n", settings)->train.values.size() == 1);
}

TEST_CASE("columns of values that cannot be are refused with the column") {
  auto settings = half();
  settings.takes_values = true;
  require_message(load("1,a\n2,b\n3,c\n", settings), {"line 2", "column 2", "'b' is not a number"});
  settings.target_columns = {"0", "0"};
  require_message(load("1,2\n3,4\n", settings), {"'0' is named twice"});
  settings.target_columns = {"0", "1"};
  require_message(load("1,2\n3,4\n", settings), {"all 2 columns are targets"});
  settings.target_columns = {"cost"};
  require_message(load("a,b\n3,4\n", settings), {"no target column 'cost'", "'a', 'b'"});
}
