#include "runtime/data/data_source.hpp"

#include "tests/runtime/data/temporary_folder.hpp"

using namespace syngrad;

TEST_CASE("known data sources are listed with their arguments") {
  CHECK(known_data_sources() == "digits | mnist:DIR | cifar10:DIR | images:DIR | csv:FILE | npz:FILE | npy:X,Y | "
                                "text:FILE | bytes:FILE | tokens:DIR | copy:LENGTH[xREPEATS]");
}

TEST_CASE("an unknown or incomplete specification lists what is expected") {
  require_message(open_dataset("cifar", {}),
                  {"--data cifar", "digits | mnist:DIR | cifar10:DIR | images:DIR | csv:FILE | npz:FILE | npy:X,Y | "
                                   "text:FILE | bytes:FILE | tokens:DIR"});
  require_message(open_dataset("", {}), {"digits | mnist:DIR | cifar10:DIR | images:DIR | csv:FILE | npz:FILE | "
                                         "npy:X,Y | text:FILE | bytes:FILE | tokens:DIR"});
  require_message(open_dataset("mnist", {}), {"mnist:DIR"});
  require_message(open_dataset("mnist:", {}), {"mnist:DIR"});
  require_message(open_dataset("csv", {}), {"csv:FILE"});
  require_message(open_dataset("digits:28", {}), {"expected digits"});
  require_message(open_dataset("digits:", {}), {"expected digits"});
}

TEST_CASE("errors of a reader come through with the path, colons in it included") {
  require_message(open_dataset("csv:/no/such:file.csv", {}), {"/no/such:file.csv", "no such file"});
  require_message(open_dataset("mnist:/no/such/folder", {}), {"/no/such/folder", "no such folder"});
}

TEST_CASE("a csv source is opened with its settings") {
  const temporary_folder folder;
  const auto file = folder.write("a.csv", "y,x\n0,1\n1,2\n0,3\n1,4\n");
  data_settings settings;
  settings.label_column = "y";
  settings.test_fraction = 0.5;
  const auto data = open_dataset("csv:" + file, settings);
  REQUIRE(data);
  CHECK(data->train.count == 2);
  CHECK(data->test.count == 2);
  CHECK(data->input == sample_spec{{1}});
  CHECK(data->target.categories == 2);
}

TEST_CASE("the built-in digits are opened in their full size") {
  const auto data = open_dataset("digits", {});
  REQUIRE(data);
  CHECK(data->train.count == 50'000);
  CHECK(data->test.count == 10'000);
  CHECK(data->input == sample_spec{{28, 28, 1}});
  CHECK(data->target.categories == 10);
}
