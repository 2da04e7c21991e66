#include "runtime/cpu/cpu_device.hpp"
#include "runtime/io/safetensors.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/train/early_save.hpp"

#include <atomic>
#include <cstring>

using namespace syngrad;
using namespace syngrad::tools;

namespace {

// A run whose weights are a number that counts how often they were asked for.
class counting_trainer : public trainer {
public:
  training_summary run() override { return {}; }
  void interrupt() override { ++interrupts; }
  void checkpoint_now() override {}
  std::vector<layer_group::named_tensor> weights() override { return {{"0.weight", value_}}; }
  status with_weights_now(const weights_use& use) override {
    if (refuses) return error::busy("layers 0 have been in one step for 30 s");
    value_.f32()[0] = static_cast<float>(++reads);
    const auto all = weights();
    return use(all);
  }

  std::atomic<int> reads{0}, interrupts{0};
  std::atomic<bool> refuses{false};

private:
  cpu_device cpu_;
  tensor value_ = make_tensor(cpu_.make_stream(), {1});
};

struct saved_folder {
  test::temporary_folder parent;
  result<run_folder> folder = run_folder::create(parent.file("run"), "locked");
  result<run_recorder> recorder =
    run_recorder::open(*folder, {.run_ini = "", .data = {}, .model = "m", .groups = 1, .weight_bytes = 0});
  counting_trainer run;
  std::vector<std::string> said; // read when `lines` has counted it
  std::atomic<int> lines{0};
  early_save saver{run, *recorder, [this](const std::string& line) {
                     said.push_back(line);
                     ++lines;
                     lines.notify_all();
                   }};

  void wait_for_line(int number) const {
    for (int now = lines; now < number; now = lines) lines.wait(now);
  }
  float number_on_disk() const {
    const auto file = read_safetensors(folder->file("weights.safetensors"));
    REQUIRE(file);
    float number = 0;
    std::memcpy(&number, file->tensors.front().bytes.data(), sizeof number);
    return number;
  }
};

} // namespace

TEST_CASE("What is asked for is on disk once it is said, each time as it is then") {
  saved_folder one;
  CHECK(!one.saver.done());
  for (int i = 1; i <= 3; ++i) {
    one.saver.request(i == 3);
    one.wait_for_line(i);
    CHECK(one.number_on_disk() == static_cast<float>(i));
  }
  const auto path = one.folder->file("weights.safetensors");
  CHECK(one.said[0] == "weights as they are now are saved in " + path + "; the run goes on");
  CHECK(one.said[2] == "weights as they are now are saved in " + path + "; the run ends after the batches in flight");
}

TEST_CASE("Weights that cannot be had are said not to be saved, and the next request is answered") {
  saved_folder one;
  one.run.refuses = true;
  one.saver.request(false);
  one.wait_for_line(1);
  CHECK(one.said[0] == "weights are not saved yet: layers 0 have been in one step for 30 s; the run goes on");
  CHECK(!one.saver.done());
  one.run.refuses = false;
  one.saver.request(false);
  one.wait_for_line(2);
  CHECK(one.number_on_disk() == 1.0f);
}

TEST_CASE("A process may stop before there is a training, or once its weights are on disk") {
  saved_folder one;
  interruption asked;
  CHECK(asked.may_stop());
  asked.aim(&one.run, &one.saver);
  CHECK(!asked.may_stop());
  asked.request();
  asked.save(true);
  one.wait_for_line(1);
  CHECK(one.run.interrupts == 1);
  asked.aim(nullptr, nullptr);
  asked.note_saved();
  CHECK(asked.may_stop());
}

TEST_CASE("After a training that nobody asked to save, its weights are missed until they are said to be there") {
  saved_folder one;
  interruption asked;
  asked.aim(&one.run, &one.saver);
  asked.aim(nullptr, nullptr);
  CHECK(!asked.may_stop());
  asked.note_saved();
  CHECK(asked.may_stop());
}

TEST_CASE("A request to end that comes before the training is for it, one to save and go on is not") {
  saved_folder one;
  interruption asked;
  asked.save(false);
  asked.aim(&one.run, &one.saver);
  CHECK(one.run.interrupts == 0);
  asked.aim(nullptr, nullptr);
  CHECK(one.run.reads == 0);
  asked.request();
  asked.save(true);
  asked.aim(&one.run, &one.saver);
  CHECK(one.run.interrupts == 1);
  one.wait_for_line(1);
  CHECK(one.number_on_disk() == 1.0f);
}
