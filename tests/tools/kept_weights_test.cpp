// What a node keeps of its groups on its own disk.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/io/safetensors.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/distributed/node_build.hpp"

#include <algorithm>
#include <filesystem>
#include <sys/stat.h>

using namespace syngrad;
using namespace syngrad::tools;
using syngrad::test::temporary_folder;

namespace {

// Two of three groups are here.
run_plan part_of_a_run(device& here) {
  training_settings settings;
  settings.split = {1, 1, 1};
  device_places places;
  places.source = &here;
  places.groups = {&here, nullptr, &here};
  auto plan = make_run_plan(settings, std::move(*make_network("mlp:4-8x2-3")), nullptr, places, {});
  REQUIRE(plan);
  return std::move(*plan);
}

std::vector<layer_group::named_tensor> weights_of(const run_plan& plan) {
  std::vector<layer_group::named_tensor> out;
  for (const auto& each : plan.groups)
    if (each.layers)
      for (auto& weight : each.layers->weights()) out.push_back(std::move(weight));
  return out;
}

} // namespace

TEST_CASE("the space that is taken before the training is what the weights of the groups here need, to the byte") {
  const temporary_folder folder;
  cpu_device cpu;
  const auto plan = part_of_a_run(cpu);
  auto kept = kept_weights::reserve(folder.file("w"), plan, "mlp:4-8x2-3");
  REQUIRE(kept);
  const auto files = [&] { return std::distance(std::filesystem::directory_iterator(folder.path()), {}); };
  REQUIRE(files() == 1); // under its temporary name
  struct stat taken {};
  REQUIRE(::stat(std::filesystem::directory_iterator(folder.path())->path().c_str(), &taken) == 0);
  REQUIRE(!std::filesystem::exists(folder.file("w")));
  REQUIRE(kept->save(weights_of(plan)));
  REQUIRE(taken.st_blocks * 512 >= static_cast<std::int64_t>(std::filesystem::file_size(folder.file("w"))));
  REQUIRE(static_cast<std::uintmax_t>(taken.st_size) == std::filesystem::file_size(folder.file("w")));
  REQUIRE(files() == 1);
}

TEST_CASE("what is saved later replaces what was saved before, and goes when it is not needed any more") {
  const temporary_folder folder;
  cpu_device cpu;
  const auto plan = part_of_a_run(cpu);
  auto kept = kept_weights::reserve(folder.file("w"), plan, "mlp:4-8x2-3");
  REQUIRE(kept);
  const auto weights = weights_of(plan);
  REQUIRE(kept->save(weights));
  const auto& bias = *std::find_if(weights.begin(), weights.end(), [](auto& each) { return each.name == "0.weight"; });
  bias.value.f32()[0] = 42;
  REQUIRE(kept->save(weights));
  const auto read = read_safetensors(folder.file("w"));
  REQUIRE(read);
  REQUIRE(read->tensors.size() == weights.size());
  REQUIRE(read->metadata.at("model") == "mlp:4-8x2-3");
  bool found = false;
  for (const auto& each : read->tensors) {
    REQUIRE(!each.name.starts_with("2."));
    if (each.name != "0.weight") continue;
    found = true;
    REQUIRE(*reinterpret_cast<const float*>(each.bytes.data()) == 42);
  }
  REQUIRE(found);
  REQUIRE(kept->saved());
  kept->remove();
  REQUIRE(!kept->saved());
  REQUIRE(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("what is not saved leaves nothing behind") {
  const temporary_folder folder;
  cpu_device cpu;
  const auto plan = part_of_a_run(cpu);
  { REQUIRE(kept_weights::reserve(folder.file("w"), plan, "mlp:4-8x2-3")); }
  REQUIRE(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("room that cannot be had is told before the training") {
  const temporary_folder folder;
  cpu_device cpu;
  const auto refused = kept_weights::reserve(folder.file("gone/w"), part_of_a_run(cpu), "mlp:4-8x2-3");
  REQUIRE(!refused);
  REQUIRE(refused.message().starts_with("no room for the weights: cannot "));
  REQUIRE(refused.message().find(folder.file("gone/w")) != std::string::npos);
}
