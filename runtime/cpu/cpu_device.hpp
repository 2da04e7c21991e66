// The CPU: streams run their work inline, on the thread that enqueues it.
#pragma once

#include "runtime/device.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace syngrad {

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
