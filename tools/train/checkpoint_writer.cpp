#include "tools/train/checkpoint_writer.hpp"

#include <fmt/core.h>

#include <utility>

namespace syngrad::tools {

checkpoint_writer::checkpoint_writer(setup given) : setup_(std::move(given)), thread_([this] { work(); }) {}

checkpoint_writer::~checkpoint_writer() {
  finish();
}

void checkpoint_writer::save(std::shared_ptr<const saved_run> state) {
  {
    const std::lock_guard lock(mutex_);
    waiting_ = std::move(state);
  }
  changed_.notify_all();
}

void checkpoint_writer::finish() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<std::int64_t> checkpoint_writer::saved() const {
  const std::lock_guard lock(mutex_);
  return saved_;
}

void checkpoint_writer::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return waiting_ || stopping_; });
    if (!waiting_) return;
    const auto state = std::exchange(waiting_, nullptr);
    lock.unlock();
    write(*state);
    lock.lock();
  }
}

void checkpoint_writer::write(const saved_run& state) {
  const auto folder = setup_.folder() + "/checkpoints";
  if (!facts_) facts_ = setup_.facts();
  const auto path = write_checkpoint(folder, state, *facts_);
  if (!path)
    return setup_.say(fmt::format("the checkpoint after step {} is not saved: {}; the run goes on, and the next one is "
                                  "tried",
                                  state.step, path.message()));
  {
    const std::lock_guard lock(mutex_);
    saved_ = state.step;
  }
  setup_.say(fmt::format("checkpoint after step {} in {}", state.step, *path));
  if (const auto done = keep_newest_checkpoints(folder, setup_.keep); !done)
    setup_.say("an old checkpoint is not removed: " + done.message());
}

} // namespace syngrad::tools
