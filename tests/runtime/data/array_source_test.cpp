#include "runtime/data/array_source.hpp"

#include "tests/runtime/data/temporary_folder.hpp"
#include "tests/runtime/data/zip_writer.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

using namespace syngrad;

namespace {

template <class Number>
std::vector<Number> counted(std::size_t count) {
  std::vector<Number> out(count);
  std::iota(out.begin(), out.end(), Number{0});
  return out;
}

// 4 images of 2 x 3, labels 0 and 1, and a test set of 2.
std::string small_archive(bool deflate, bool zip64 = false) {
  zip_writer zip;
  zip.zip64 = zip64;
  zip.add("x.npy", npy_file("|u1", "(4, 2, 3)", counted<std::uint8_t>(24)), deflate);
  zip.add("y.npy", npy_file<std::int64_t>("<i8", "(4,)", {1, 0, 0, 1}), deflate);
  zip.add("x_test.npy", npy_file("|u1", "(2, 2, 3)", counted<std::uint8_t>(12)), deflate);
  zip.add("y_test.npy", npy_file<std::int64_t>("<i8", "(2,)", {0, 1}), deflate);
  return zip.archive();
}

array_settings values() {
  array_settings settings;
  settings.takes_values = true;
  return settings;
}

} // namespace

TEST_CASE("arrays of an archive are samples of their shape, stored, deflated and beyond 4 GiB alike") {
  const temporary_folder folder;
  const auto file =
    folder.write("a.npz", GENERATE(small_archive(false), small_archive(true), small_archive(true, true)));
  const auto data = load_npz(file, {});
  REQUIRE(data);
  CHECK(data->input == sample_spec{{2, 3}});
  CHECK(data->target == label_spec(2));
  CHECK(data->train.count == 4);
  CHECK(data->train.bytes == counted<std::uint8_t>(24));
  CHECK(data->train.labels == std::vector<std::int32_t>{1, 0, 0, 1});
  CHECK(data->test.count == 2);
  CHECK(data->test.bytes == counted<std::uint8_t>(12));
  CHECK(data->test.labels == std::vector<std::int32_t>{0, 1});
}

TEST_CASE("without a test set a share of the rows is drawn for it, each with its target") {
  const temporary_folder folder;
  const auto x = folder.write("x.npy", npy_file("<f8", "(10, 1)", counted<double>(10)));
  const auto y = folder.write("y.npy", npy_file("<i4", "(10,)", counted<std::int32_t>(10)));
  array_settings settings;
  settings.test_fraction = 0.3;
  const auto data = load_npy(x + "," + y, settings);
  REQUIRE(data);
  CHECK(data->train.count == 7);
  CHECK(data->test.count == 3);
  std::vector<std::int32_t> all;
  for (const auto* part : {&data->train, &data->test}) {
    REQUIRE(part->floats.size() == part->labels.size());
    for (std::size_t i = 0; i < part->labels.size(); ++i) CHECK(part->floats[i] == static_cast<float>(part->labels[i]));
    all.insert(all.end(), part->labels.begin(), part->labels.end());
  }
  std::sort(all.begin(), all.end());
  CHECK(all == counted<std::int32_t>(10));
  settings.seed = 2;
  CHECK(load_npy(x + "," + y, settings)->test.labels != data->test.labels);
}

TEST_CASE("every known type of element is read") {
  const temporary_folder folder;
  const auto y = folder.write("y.npy", npy_file<float>("<f4", "(2, 1)", {0.5f, -1.5f}));
  const auto x = [&](const std::string& descr, const auto& elements) {
    const auto file = folder.write("x.npy", npy_file(descr, "(2, 2)", elements));
    const auto files = file + "," + y;
    return load_npy(files + "," + files, values());
  };
  const std::vector<float> expected{0, 1, 2, 3};
  CHECK(x("<f4", counted<float>(4))->train.floats == expected);
  CHECK(x("<f8", counted<double>(4))->train.floats == expected);
  CHECK(x("<i4", counted<std::int32_t>(4))->train.floats == expected);
  CHECK(x("<i8", counted<std::int64_t>(4))->train.floats == expected);
  CHECK(x("=i8", counted<std::int64_t>(4))->train.floats == expected);
  CHECK(x("|u1", counted<std::uint8_t>(4))->train.bytes == counted<std::uint8_t>(4));
  CHECK(x("|b1", std::vector<std::uint8_t>{0, 1, 1, 0})->train.bytes == std::vector<std::uint8_t>{0, 1, 1, 0});
  const auto data = x("<f4", counted<float>(4));
  CHECK(data->target == sample_spec{{1}});
  CHECK(data->train.values == std::vector<float>{0.5f, -1.5f});
  require_message(x(">f4", counted<float>(4)), {"'>f4'", "astype"});
  require_message(x("<f2", counted<std::uint16_t>(4)), {"'<f2'", "float32, float64"});
}

TEST_CASE("whole numbers are tokens of a network that takes tokens, with a label at every position") {
  const temporary_folder folder;
  const auto x = folder.write("x.npy", npy_file<std::int64_t>("<i8", "(4, 2)", {0, 5, 1, 2, 3, 3, 0, 0}));
  const auto y = folder.write("y.npy", npy_file<std::int64_t>("<i8", "(4, 2)", {0, 1, 2, 1, 2, 0, 0, 0}));
  array_settings settings;
  settings.takes_tokens = true;
  settings.test_fraction = 0.25;
  const auto data = load_npy(x + "," + y, settings);
  REQUIRE(data);
  CHECK(data->input == sample_spec{{2}, dtype::i32, 6});
  CHECK(data->target == sample_spec{{2}, dtype::i32, 3});
  CHECK(data->train.numbers.size() == 6);
  CHECK(data->train.labels.size() == 6);
  CHECK(data->train.floats.empty());
  const auto reals = folder.write("r.npy", npy_file("<f4", "(4, 2)", counted<float>(8)));
  require_message(load_npy(reals + "," + y, settings), {reals, "float32 (4, 2)", "tokens", "astype"});
  const auto negative = folder.write("n.npy", npy_file<std::int64_t>("<i8", "(4, 1)", {0, -1, 0, 0}));
  require_message(load_npy(negative + "," + y, settings), {negative, "row 1", "token -1"});
}

TEST_CASE("labels of arrays follow the rule for labels") {
  const temporary_folder folder;
  const auto x = folder.write("x.npy", npy_file("<f4", "(4,)", counted<float>(4)));
  const auto y = folder.write("y.npy", npy_file<std::int64_t>("<i8", "(4,)", {7, -3, 7, -3}));
  array_settings settings;
  require_message(load_npy(x + "," + y, settings), {y, "--labels renumber"});
  settings.labels = label_rule::renumber;
  const auto data = load_npy(x + "," + y, settings);
  REQUIRE(data);
  CHECK(data->class_names == std::vector<std::string>{"-3", "7"});
  const auto same = folder.write("s.npy", npy_file<std::int64_t>("<i8", "(4,)", {7, 7, 7, 7}));
  require_message(load_npy(x + "," + same, settings), {same, "same label"});
  const auto reals = folder.write("r.npy", npy_file("<f4", "(4,)", counted<float>(4)));
  require_message(load_npy(x + "," + reals, settings), {reals, "whole numbers", "--objective mse"});
  CHECK(load_npy(x + "," + reals, values())->target == sample_spec{{1}});
}

TEST_CASE("arrays that do not belong together are refused with both names") {
  const temporary_folder folder;
  const auto file = [&](const std::string& name, const std::string& shape, std::size_t count) {
    return folder.write(name, npy_file("<f4", shape, counted<float>(count)));
  };
  const auto x = file("x.npy", "(4, 2)", 8), y = file("y.npy", "(4,)", 4), three = file("three.npy", "(3,)", 3);
  require_message(load_npy(x + "," + three, values()), {three, "has 3 samples", x, "has 4"});
  const auto wide = file("wide.npy", "(4, 3)", 12);
  require_message(load_npy(x + "," + y + "," + wide + "," + y, values()), {wide, "another kind", x, "(4, 2)"});
  require_message(load_npy(x, values()), {"1 file", "npy:X,Y,X_TEST,Y_TEST"});
  require_message(load_npy(file("none.npy", "()", 1) + "," + y, values()), {"0 axes", "1 to 5"});
  require_message(load_npy(file("many.npy", "(4, 1, 1, 1, 1, 1)", 4) + "," + y, values()), {"6 axes"});
  require_message(load_npy(file("empty.npy", "(0, 2)", 0) + "," + y, values()), {"empty"});
  const auto infinite =
    folder.write("i.npy", npy_file<float>("<f4", "(4,)", {0, 1, std::numeric_limits<float>::infinity(), 3}));
  require_message(load_npy(infinite + "," + y, values()), {infinite, "row 2", "not finite"});
  require_message(load_npy(folder.path("gone.npy") + "," + y, values()), {folder.path("gone.npy"), "no such file"});
}

TEST_CASE("damaged arrays are refused with the place") {
  const temporary_folder folder;
  const auto whole = npy_file("<f4", "(4, 2)", counted<float>(8));
  const auto y = folder.write("y.npy", npy_file("<f4", "(4,)", counted<float>(4)));
  const auto refused = [&](std::string content, std::initializer_list<std::string> parts) {
    const auto x = folder.write("x.npy", content);
    require_message(load_npy(x + "," + y, values()), {x});
    require_message(load_npy(x + "," + y, values()), parts);
  };
  refused(whole.substr(0, whole.size() - 1), {"float32 (4, 2)", "31 bytes"});
  refused(whole + "x", {"33 bytes"});
  refused(whole.substr(0, 40), {"within its header"});
  refused("x" + whole, {"no array of numpy"});
  auto other = whole;
  other[6] = 9;
  refused(other, {"version 9"});
  refused(npy_file("<f4", "(4, x)", counted<float>(8)), {"header cannot be read"});
  refused(npy_file("<f4", "(9223372036854775807, 9223372036854775807)", counted<float>(8)), {"promises"});
  other = whole;
  other.replace(other.find("False"), 5, "True ");
  refused(other, {"column by column", "ascontiguousarray"});
}

TEST_CASE("damaged archives are refused with the place") {
  const temporary_folder folder;
  const auto refused = [&](const std::string& content, std::initializer_list<std::string> parts) {
    const auto file = folder.write("a.npz", content);
    require_message(load_npz(file, {}), {file});
    require_message(load_npz(file, {}), parts);
  };
  refused("no archive, but a text that is long enough", {"no ZIP archive"});
  const auto whole = small_archive(true);
  refused(whole.substr(0, whole.size() / 2), {"without its directory"});
  refused(whole.substr(300), {"no entry 0 of its directory"});
  // Every byte of the files' content, changed, is noticed.
  const auto first = whole.find("x.npy") + 5 + 20, last = whole.find("PK\x03\x04", 4);
  std::size_t noticed = 0;
  for (auto at = first; at < last; ++at) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    noticed += load_npz(folder.write("a.npz", damaged), {}) ? 0 : 1;
  }
  CHECK(noticed == last - first);

  zip_writer some;
  some.add("x.npy", npy_file("<f4", "(4,)", counted<float>(4)));
  some.add("z.npy", npy_file("<f4", "(4,)", counted<float>(4)));
  refused(some.archive(), {"no array y", "x.npy, z.npy", "numpy.savez"});
  some.add("y.npy", npy_file("<i4", "(4,)", counted<std::int32_t>(4)));
  some.add("x_test.npy", npy_file("<f4", "(4,)", counted<float>(4)));
  refused(some.archive(), {"no array y_test"});
}

TEST_CASE("no size that an archive promises costs memory") {
  const temporary_folder folder;
  zip_writer zip;
  zip.add("x.npy", npy_file("<f4", "(4,)", counted<float>(4)), true);
  zip.add("y.npy", npy_file("<i4", "(4,)", counted<std::int32_t>(4)), true);
  auto content = zip.archive();
  const auto entry = content.find("PK\x01\x02");
  content[entry + 27] = '\x7f'; // 2 GiB
  require_message(load_npz(folder.write("a.npz", content), {}), {"cannot have the size"});
}
