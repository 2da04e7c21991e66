#include "actors/checkpoints/checkpoint_folder.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>
#include <sys/resource.h>

using namespace syngrad;

namespace {

namespace fs = std::filesystem;

class sample_run {
public:
  sample_run() : work_(host_.make_stream()) {}

  // Of two groups and the source; `step` is in its numbers.
  saved_run at(std::int64_t step) {
    saved_run run;
    run.step = step;
    run.words = {{"seconds", "1.5"}, {"best", "a \"name\"\n"}};
    run.parts.push_back({"group0",
                         {tensor_of("0.weight", {3, 4}, dtype::f32, step), tensor_of("0.steps", {}, dtype::i32, step),
                          tensor_of("optimizer.0.weight.0", {12}, dtype::bf16, step)},
                         {{"version", std::to_string(step)}}});
    run.parts.push_back(
      {"group1",
       {tensor_of("1.weight", {2, 3}, dtype::f32, step), tensor_of("random.bytes", {5}, dtype::u8, step),
        tensor_of("window.none", {0, 7}, dtype::f32, step)},
       {}});
    run.parts.push_back({"source", {}, {{"epoch", "3"}, {"offset", "17"}}});
    return run;
  }

private:
  layer_group::named_tensor tensor_of(const std::string& name, const shape& extents, dtype type, std::int64_t step) {
    auto made = make_tensor(work_, extents, type);
    auto* bytes = static_cast<unsigned char*>(made.data());
    for (std::size_t i = 0; i < made.bytes(); ++i) bytes[i] = static_cast<unsigned char>(i * 7 + name.size() + step);
    return {name, std::move(made)};
  }

  cpu_device host_;
  stream& work_;
};

void check_same(const saved_run& a, const saved_run& b) {
  CHECK(a.step == b.step);
  CHECK(a.words == b.words);
  REQUIRE(a.parts.size() == b.parts.size());
  for (std::size_t i = 0; i < a.parts.size(); ++i) {
    const auto &x = a.parts[i], &y = b.parts[i];
    CHECK(x.name == y.name);
    CHECK(x.words == y.words);
    REQUIRE(x.tensors.size() == y.tensors.size());
    for (const auto& each : x.tensors) {
      const auto other =
        std::find_if(y.tensors.begin(), y.tensors.end(), [&](const auto& t) { return t.name == each.name; });
      REQUIRE(other != y.tensors.end());
      CHECK(other->value.extents() == each.value.extents());
      REQUIRE(other->value.type() == each.value.type());
      CHECK((each.value.bytes() == 0 || std::memcmp(other->value.data(), each.value.data(), each.value.bytes()) == 0));
    }
  }
}

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_all(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& each : fs::directory_iterator(folder)) names.push_back(each.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

const checkpoint_facts facts{"syngrad test", {{"model", "mlp:4-8x1-3"}, {"seed", "7"}}, "00ff"};

// Files may have no more than so many bytes.
class file_size_limit {
public:
  explicit file_size_limit(rlim_t bytes) : before_signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit wanted{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &wanted);
  }
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_signal_);
  }

private:
  rlimit before_{};
  void (*before_signal_)(int);
};

} // namespace

TEST_CASE("a checkpoint comes back from the disk as it was, with all types, words and facts") {
  const test::temporary_folder home;
  sample_run sample;
  const auto run = sample.at(100);
  const auto path = write_checkpoint(home.file("checkpoints"), run, facts);
  REQUIRE(path);
  CHECK(*path == home.file("checkpoints/step-000000100"));
  CHECK(names_in(*path) ==
        std::vector<std::string>{"group0.safetensors", "group1.safetensors", "manifest.json", "source.safetensors"});
  CHECK(names_in(home.file("checkpoints")) == std::vector<std::string>{"step-000000100"});
  CHECK(verify_checkpoint(*path));
  const auto read = read_checkpoint(*path);
  REQUIRE(read);
  check_same(*read->state, run);
  CHECK(read->manifest.facts.program == facts.program);
  CHECK(read->manifest.facts.options == facts.options);
  CHECK(read->manifest.facts.data_sum == facts.data_sum);
}

TEST_CASE(
  "damage of any byte of any file, a file that is cut or gone: refused by its name, and an older one is taken") {
  const test::temporary_folder home;
  const auto folder = home.file("checkpoints");
  sample_run sample;
  REQUIRE(write_checkpoint(folder, sample.at(100), facts));
  const auto path = write_checkpoint(folder, sample.at(200), facts);
  REQUIRE(path);
  const auto check_refused = [&](const std::string& name) {
    INFO(name);
    const auto verified = verify_checkpoint(*path);
    REQUIRE_FALSE(verified);
    CHECK(verified.message().find(*path + "/" + name) != std::string::npos);
    CHECK(verified.message().find('\n') == std::string::npos);
    const auto read = read_checkpoint(*path);
    REQUIRE_FALSE(read);
    CHECK(read.message() == verified.message());
    const auto newest = read_newest_checkpoint(folder);
    REQUIRE(newest);
    CHECK(newest->found.manifest.step == 100);
    REQUIRE(newest->refused.size() == 1);
    CHECK(newest->refused.front() == read.message());
  };
  for (const auto& name : names_in(*path)) {
    const auto file = *path + "/" + name, whole = read_all(file);
    for (std::size_t at = 0; at < whole.size(); at += 1 + whole.size() / 61) {
      auto bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
      write_all(file, bytes);
      check_refused(name);
    }
    for (const auto size : {std::size_t{0}, whole.size() / 2, whole.size() - 1}) {
      write_all(file, whole.substr(0, size));
      check_refused(name);
    }
    write_all(file, whole + "x");
    check_refused(name);
    fs::remove(file);
    check_refused(name);
    write_all(file, whole);
    CHECK(verify_checkpoint(*path));
  }
  const auto newest = read_newest_checkpoint(folder);
  REQUIRE(newest);
  CHECK(newest->found.manifest.step == 200);
  CHECK(newest->refused.empty());
}

TEST_CASE("where no checkpoint is whole, or there is none, the message says so") {
  const test::temporary_folder home;
  const auto folder = home.file("checkpoints");
  const auto none = read_newest_checkpoint(folder);
  REQUIRE_FALSE(none);
  CHECK(none.message().find("no checkpoint there") != std::string::npos);
  sample_run sample;
  const auto path = write_checkpoint(folder, sample.at(5), facts);
  REQUIRE(path);
  fs::remove(*path + "/manifest.json");
  const auto broken = read_newest_checkpoint(folder);
  REQUIRE_FALSE(broken);
  CHECK(broken.message().find("manifest.json") != std::string::npos);
}

TEST_CASE("what was left unfinished is no checkpoint, and goes with the next one") {
  const test::temporary_folder home;
  const auto folder = home.file("checkpoints");
  sample_run sample;
  REQUIRE(write_checkpoint(folder, sample.at(1), facts));
  fs::copy(folder + "/step-000000001", folder + "/.step-000000002", fs::copy_options::recursive);
  CHECK(list_checkpoints(folder).size() == 1);
  REQUIRE(write_checkpoint(folder, sample.at(3), facts));
  CHECK(names_in(folder) == std::vector<std::string>{"step-000000001", "step-000000003"});
}

TEST_CASE("the newest are kept, later ones than a step go, and one of the same step is replaced") {
  const test::temporary_folder home;
  const auto folder = home.file("checkpoints");
  sample_run sample;
  for (const std::int64_t step : {5, 70, 1000, 2'000'000'000})
    REQUIRE(write_checkpoint(folder, sample.at(step), facts));
  const auto steps = [&] {
    std::vector<std::int64_t> all;
    for (const auto& each : list_checkpoints(folder)) all.push_back(each.step);
    return all;
  };
  CHECK(steps() == std::vector<std::int64_t>{5, 70, 1000, 2'000'000'000});
  REQUIRE(keep_newest_checkpoints(folder, 3));
  CHECK(steps() == std::vector<std::int64_t>{70, 1000, 2'000'000'000});
  REQUIRE(remove_checkpoints_after(folder, 1000));
  CHECK(steps() == std::vector<std::int64_t>{70, 1000});
  auto other = sample.at(1000);
  other.words["seconds"] = "9";
  REQUIRE(write_checkpoint(folder, other, facts));
  const auto read = read_checkpoint(folder + "/step-000001000");
  REQUIRE(read);
  check_same(*read->state, other);
  REQUIRE(keep_newest_checkpoints(folder, 0));
  CHECK(steps() == std::vector<std::int64_t>{1000});
  CHECK(names_in(folder) == std::vector<std::string>{"step-000001000"});
}

TEST_CASE("a disk that takes no more leaves the checkpoints that there are, and nothing of the one that failed") {
  const test::temporary_folder home;
  const auto folder = home.file("checkpoints");
  sample_run sample;
  REQUIRE(write_checkpoint(folder, sample.at(1), facts));
  {
    const file_size_limit limit(100);
    const auto failed = write_checkpoint(folder, sample.at(2), facts);
    REQUIRE_FALSE(failed);
    CHECK(failed.message().find("group0.safetensors") != std::string::npos);
  }
  CHECK(names_in(folder) == std::vector<std::string>{"step-000000001"});
  CHECK(verify_checkpoint(folder + "/step-000000001"));
  REQUIRE(write_checkpoint(folder, sample.at(2), facts));
  CHECK(list_checkpoints(folder).size() == 2);
}

TEST_CASE("where no folder can be made the message names it") {
  const test::temporary_folder home;
  write_all(home.file("file"), "");
  sample_run sample;
  const auto failed = write_checkpoint(home.file("file/checkpoints"), sample.at(1), facts);
  REQUIRE_FALSE(failed);
  CHECK(failed.message().find(home.file("file/checkpoints")) != std::string::npos);
}

TEST_CASE("a manifest that names a file elsewhere is refused") {
  const test::temporary_folder home;
  sample_run sample;
  auto run = sample.at(1);
  run.parts.front().name = "../group0";
  CHECK_FALSE(write_checkpoint(home.file("checkpoints"), run, facts));
}
