// The CPU: streams run their work inline, on the thread that enqueues it.
#pragma once

#include "runtime/device.hpp"
#include "runtime/stream.hpp"

#include <cassert>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace syngrad {

// A stream whose work is host code. On the CPU device it runs inline; the late device of tests/ keeps it and runs it
// when it pleases.
class host_stream : public stream {
public:
  host_stream(device& owner, bool runs_inline) : stream(owner), runs_inline_(runs_inline) {}

  // `work` must capture pointers and numbers by value: it may run after the caller has returned. The memory it
  // touches stays reserved for it: a buffer is reused only after the streams that use it are past it.
  template <class Work>
  void launch(Work&& work) {
    if (runs_inline_)
      work();
    else
      defer(std::forward<Work>(work));
  }

  // Whether work is done when launch() returns.
  bool runs_inline() const { return runs_inline_; }

  event record() override { return {}; }
  // Inline work has nothing to wait with: who hands a tensor of another device to the CPU does so once it is ready.
  void wait([[maybe_unused]] const event& earlier) override { assert(!runs_inline_ || earlier.ready()); }
  void on_complete(std::function<void()> callback) override { callback(); }

protected:
  virtual void defer(std::function<void()> work) { work(); }

private:
  bool runs_inline_;
};

// The host stream behind `s`. Host operators are only ever reached through streams of host devices.
inline host_stream& host(stream& s) {
  return static_cast<host_stream&>(s);
}

class cpu_device : public device {
public:
  cpu_device();
  ~cpu_device() override;

  std::string name() const override { return "cpu"; }
  operators& ops() override { return *operators_; }
  memory_pool& memory() override { return pool_; }
  void synchronize() override {}

private:
  stream& add_stream(stream_priority) override; // the host's scheduler knows no priorities

  memory_pool pool_;
  std::unique_ptr<operators> operators_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<stream>> streams_;
};

// Ordinary memory, 64-byte aligned; for devices whose work is host code.
std::unique_ptr<memory_source> make_host_memory();

// Settings of the calling thread: denormals count as zero (they slow an optimizer by an order of magnitude, and GPUs
// flush them too), and operators use `intra_op` threads. Every thread that runs operators calls this first.
void configure_compute_thread(int intra_op = 1);

} // namespace syngrad
