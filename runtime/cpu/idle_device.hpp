// A device on which nothing is done: whoever trains on it takes the memory that a training takes, on the CPU, and the
// device counts it. None of it is touched, so it is not there either: for finding out what fits before a run.
//
// What is read from it is zero.
#pragma once

#include "runtime/cpu/cpu_device.hpp"

namespace syngrad {

class idle_device : public device {
public:
  idle_device();
  ~idle_device() override;

  std::string name() const override { return "idle"; }
  operators& ops() override { return *operators_; }
  memory_pool& memory() override { return pool_; }
  void synchronize() override {}
  bool does_work() const override { return false; }

private:
  stream& add_stream(stream_priority) override;

  memory_pool pool_;
  std::unique_ptr<operators> operators_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<host_stream>> streams_;
};

} // namespace syngrad
