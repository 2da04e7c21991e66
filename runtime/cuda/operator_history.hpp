// The names of the operators that were last enqueued on a stream: an asynchronous fault is seen only by a later call,
// and these are the ones that may have caused it.
//
// Threads: the stream's owner notes; a failing thread reads. A name may be seen late, none is ever torn.
#pragma once

#include <array>
#include <atomic>
#include <string>

namespace syngrad::cuda {

class operator_history {
public:
  // `name` lives as long as the program.
  void note(const char* name) {
    const auto at = count_.load(std::memory_order_relaxed);
    names_[at % kept].store(name, std::memory_order_relaxed);
    count_.store(at + 1, std::memory_order_release);
  }

  // "adam_step, matmul, batch_norm": newest first; empty where there were none.
  std::string recent() const {
    std::string text;
    const auto count = count_.load(std::memory_order_acquire);
    for (std::size_t back = 1; back <= kept && back <= count; ++back)
      text += (back == 1 ? "" : ", ") + std::string(names_[(count - back) % kept].load(std::memory_order_relaxed));
    return text;
  }

private:
  static constexpr std::size_t kept = 6;
  std::array<std::atomic<const char*>, kept> names_{};
  std::atomic<std::size_t> count_{0};
};

} // namespace syngrad::cuda
