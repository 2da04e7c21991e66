// A stream whose work is host code. On the CPU device it runs inline, on the thread that enqueues it;
// the late device of tests/ keeps it and runs it when it pleases.
#pragma once

#include "runtime/stream.hpp"

#include <cassert>
#include <utility>

namespace syngrad {

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

} // namespace syngrad
