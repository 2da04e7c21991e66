#include "tests/support/catch.hpp"
#include "tools/devices/devices_command.hpp"

using namespace syngrad;
using namespace syngrad::tools;

namespace {

const host_processor cpu{"Some Processor", 16, 512, ""};

cuda_inventory two_gpus() {
  cuda_inventory cuda{.driver = "13.0", .runtime = "12.4", .devices = {}, .problem = ""};
  cuda.devices.push_back({0, "NVIDIA H100 80GB HBM3", "9.0", std::size_t{80} << 30, std::size_t{79} << 30, ""});
  cuda.devices.push_back({1, "Tesla P4", "6.1", std::size_t{8} << 30, 0, "this program has no code for it"});
  return cuda;
}

} // namespace

TEST_CASE("This machine's processor has cores") {
  const auto here = describe_host_processor();
  CHECK(here.cores >= 1);
  CHECK(here.vector_bits % 64 == 0);
}

TEST_CASE("Every device has a row, and what is not usable a reason") {
  CHECK(format_inventory_table(cpu, two_gpus()) ==
        "device  usable                                               what                   name\n"
        "   cpu     yes                          16 cores, 512-bit vectors         Some Processor\n"
        "cuda:0     yes  79.0 GiB free of 80.0 GiB, compute capability 9.0  NVIDIA H100 80GB HBM3\n"
        "cuda:1      no                    8.0 GiB, compute capability 6.1               Tesla P4\n"
        "CUDA driver: up to 13.0. This program: built with CUDA 12.4.\n"
        "cuda:1 is not usable: this program has no code for it\n");
}

TEST_CASE("Where not all processors may be used, the reason is said") {
  const cuda_inventory none{.driver = "", .runtime = "", .devices = {}, .problem = ""};
  const host_processor limited{"Some Processor", 2, 512, "2 of 64 by affinity"};
  CHECK(format_inventory_table(limited, none) == "device  usable                      what            name\n"
                                                 "   cpu     yes  2 cores, 512-bit vectors  Some Processor\n"
                                                 "cpu: not all that are there may be used: 2 of 64 by affinity\n");
  CHECK(format_inventory_json(limited, none).find("\"limit\": \"2 of 64 by affinity\"") != std::string::npos);
}

TEST_CASE("Where there is no GPU, the reason stands in one line") {
  const auto table =
    format_inventory_table({"", 1, 0, ""}, {.driver = "", .runtime = "13.0", .devices = {}, .problem = "no driver"});
  CHECK(table == "device  usable    what  name\n"
                 "   cpu     yes  1 core      \n"
                 "This program: built with CUDA 13.0.\n"
                 "no GPU: no driver\n");
}

TEST_CASE("For programs there are numbers, and null for what is not there") {
  const auto json = format_inventory_json(cpu, two_gpus());
  for (const auto* part : {"\"cores\": 16", "\"vector_bits\": 512", "\"driver\": \"13.0\"", "\"runtime\": \"12.4\"",
                           "\"device\": \"cuda:0\"", "\"total_bytes\": 85899345920", "\"compute_capability\": \"9.0\"",
                           "\"problem\": null", "\"problem\": \"this program has no code for it\""}) {
    INFO(part);
    CHECK(json.find(part) != std::string::npos);
  }
}
