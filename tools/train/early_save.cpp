#include "tools/train/early_save.hpp"

#include <cstring>
#include <utility>

namespace syngrad::tools {

early_save::early_save(trainer& source, run_recorder& target, std::function<void(const std::string&)> say)
  : source_(source), target_(target), say_(std::move(say)), copies_(host_.make_stream()), thread_([this] { work(); }) {}

early_save::~early_save() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void early_save::request(bool ending) {
  {
    const std::lock_guard lock(mutex_);
    requested_ = true;
    done_ = false;
    ending_ = ending_ || ending;
  }
  changed_.notify_all();
}

bool early_save::done() const {
  const std::lock_guard lock(mutex_);
  return done_;
}

void early_save::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return requested_ || stopping_; });
    if (stopping_) return;
    requested_ = false;
    const bool ending = ending_;
    lock.unlock();
    const bool saved = save(ending);
    lock.lock();
    done_ = saved && !requested_;
  }
}

bool early_save::save(bool ending) {
  const auto path = ending ? save_now() : save_copy();
  const std::string then = ending ? "the run ends after the batches in flight" : "the run goes on";
  if (path)
    say_("weights as they are now are saved in " + *path + "; " + then);
  else
    say_("weights are not saved yet: " + path.message() + "; " + then);
  return static_cast<bool>(path);
}

result<std::string> early_save::save_now() {
  std::string path;
  const auto used = source_.with_weights_now([&](auto weights) {
    auto saved = target_.save(weights, true);
    if (!saved) return status(saved.failure());
    path = *saved;
    return ok();
  });
  if (!used) return used.failure();
  return path;
}

result<std::string> early_save::save_copy() {
  std::vector<layer_group::named_tensor> copy;
  const auto copied = source_.with_weights_now([&](auto weights) {
    for (const auto& each : weights) {
      copy.push_back({each.name, make_tensor(copies_, each.value.extents(), each.value.type())});
      std::memcpy(copy.back().value.data(), each.value.data(), each.value.bytes());
    }
    return ok();
  });
  if (!copied) return copied.failure();
  return target_.save(copy, false);
}

} // namespace syngrad::tools
