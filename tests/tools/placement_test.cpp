#include "tests/support/catch.hpp"
#include "tools/devices/device_options.hpp"

using namespace syngrad;
using namespace syngrad::tools;

namespace {

device_options on(const std::string& device, const std::string& place = "", const std::string& precision = "f32",
                  const std::string& graphs = "off") {
  return {{device, place}, precision, graphs};
}

std::string parse_refusal(const std::string& text) {
  const auto parsed = parse_placements(text);
  REQUIRE(!parsed);
  return parsed.message();
}

std::vector<std::string> chosen(const device_options& options, int groups) {
  const auto devices = choose_devices(options, groups);
  REQUIRE(devices);
  std::vector<std::string> names;
  for (const auto& each : *devices) names.push_back(each.str());
  return names;
}

std::string choice_refusal(const device_options& options, int groups) {
  const auto devices = choose_devices(options, groups);
  REQUIRE(!devices);
  return devices.message();
}

} // namespace

TEST_CASE("A device is the cpu, or a CUDA device by its number") {
  CHECK(parse_device_name("cpu")->str() == "cpu");
  CHECK(!parse_device_name("cpu")->is_cuda());
  CHECK(parse_device_name("cuda:12")->ordinal == 12);
  CHECK(parse_device_name("cuda:12")->str() == "cuda:12");
  for (const auto* text : {"", "cuda:", "cuda:-1", "cuda:01", "cuda:1x", "cuda:1024", "cpu:0", "CPU", " cpu"}) {
    INFO(text);
    CHECK(!parse_device_name(text));
  }
  CHECK(parse_device_name("gpu").message() ==
        "expected cpu or cuda:N, got 'gpu': did you mean cuda:0? (`syngrad devices` lists what is there)");
  CHECK(parse_device_name("cdua:0").message().find("did you mean cuda:0?") != std::string::npos);
}

TEST_CASE("Places name groups, alone or from the first to the last, each with its device") {
  CHECK(parse_placements("")->empty());
  const auto places = *parse_placements("4=cuda:1,0-2=cuda:0,3=cpu");
  REQUIRE(places.size() == 3);
  CHECK(places[0].first == 4);
  CHECK(places[0].last == 4);
  CHECK(places[0].device.ordinal == 1);
  CHECK(places[1].first == 0);
  CHECK(places[1].last == 2);
  CHECK(places[1].device.ordinal == 0);
  CHECK(!places[2].device.is_cuda());
  for (const auto& each : places) CHECK(each.node.empty());
}

TEST_CASE("A place may name a node before the device") {
  const auto places = *parse_placements("0-1=a/cpu,2=gpu-box.2/cuda:0");
  REQUIRE(places.size() == 2);
  CHECK(places[0].node == "a");
  CHECK(!places[0].device.is_cuda());
  CHECK(places[1].node == "gpu-box.2");
  CHECK(places[1].device.ordinal == 0);
}

TEST_CASE("A place that cannot be read is quoted, with what was expected") {
  CHECK(parse_refusal("0") == "expected GROUPS=DEVICE, got '0'; write for example 0-2=cuda:0,3=cpu");
  CHECK(parse_refusal("0=cpu,") == "expected GROUPS=DEVICE, got ''; write for example 0-2=cuda:0,3=cpu");
  CHECK(parse_refusal("x=cpu") ==
        "expected group numbers, N or N-N counted from 0, before '=', got 'x'; write for example "
        "0-2=cuda:0,3=cpu");
  for (const auto* text : {"=cpu", "-1=cpu", "1-=cpu", "-=cpu", "1-2-3=cpu", "99999999999=cpu"}) {
    INFO(text);
    CHECK(parse_refusal(text).find("expected group numbers") == 0);
  }
  CHECK(parse_refusal("3-1=cpu").find("expected groups from the lower to the higher number, got '3-1'") == 0);
  CHECK(parse_refusal("0=/cpu").find("expected a node's name of letters") == 0);
  CHECK(parse_refusal("0=a b/cpu").find("expected a node's name of letters") == 0);
  CHECK(
    parse_refusal("0-2=gpu:0") ==
    "groups 0-2: expected cpu or cuda:N, got 'gpu:0': did you mean cuda:0? (`syngrad devices` lists what is there)");
  CHECK(parse_refusal("0=a/b/cpu").find("groups 0: expected cpu or cuda:N, got 'b/cpu'") == 0);
}

TEST_CASE("A group that is placed twice is named with both devices") {
  CHECK(parse_refusal("0-3=cuda:0,2=cpu") == "group 2 is placed twice, on cuda:0 and on cpu; name each group once");
  CHECK(parse_refusal("5=cpu,0-9=cuda:1") == "group 5 is placed twice, on cpu and on cuda:1; name each group once");
  CHECK(parse_placements("0-1=cpu,2=cuda:0"));
}

TEST_CASE("Groups without a place go to --device") {
  CHECK(chosen({}, 3) == std::vector<std::string>{"cpu", "cpu", "cpu"});
  CHECK(chosen(on("cuda:1"), 2) == std::vector<std::string>{"cuda:1", "cuda:1"});
  CHECK(chosen(on("cuda:0", "3=cpu,0=cuda:1", "bf16", "on"), 5) ==
        std::vector<std::string>{"cuda:1", "cuda:0", "cuda:0", "cpu", "cuda:0"});
}

TEST_CASE("Places that do not fit the run are named with what to do") {
  CHECK(choice_refusal(on("cpu", "0=cpu,2-3=cpu"), 3) ==
        "--place: there is no group 3: the 3 groups of this run are counted from 0 to 2");
  CHECK(choice_refusal(on("cpu", "7=cpu"), 3).find("--place: there is no group 7:") == 0);
  CHECK(choice_refusal(on("cpu", "0=a/cuda:0"), 3) ==
        "--place: 'a/cuda:0' names a node, but this run is one process; leave 'a/' out, or add --listen HOST:PORT and "
        "--nodes");
}

TEST_CASE("Options for CUDA devices are refused where no group is on one") {
  CHECK(
    choice_refusal(on("cpu", "", "bf16"), 2) ==
    "--precision: bf16 is for CUDA devices, but every group of this run is on the cpu; add --device cuda:0 (`syngrad "
    "devices` lists what is there) or leave it out");
  CHECK(choice_refusal(on("cpu", "", "f32", "on"), 2).find("--cuda-graphs: on is for CUDA devices") == 0);
  CHECK(choice_refusal(on("cuda:0", "0-1=cpu", "tf32"), 2).find("--precision: ") == 0);
  CHECK(chosen(on("cpu", "1=cuda:0", "tf32"), 2) == std::vector<std::string>{"cpu", "cuda:0"});
}

TEST_CASE("The precision is that of the device") {
  CHECK(device_options{}.for_cuda().precision == cuda_precision::f32);
  CHECK(on("cpu", "", "tf32").for_cuda().precision == cuda_precision::tf32);
  CHECK(on("cpu", "", "bf16").for_cuda().precision == cuda_precision::bf16);
}
