// A stream is an in-order queue of work on one device. It orders, waits and notifies; operators put the work in.
//
// Threads: one actor owns a stream and is alone in enqueuing work and waits. record() may be called by anyone.
// Streams are made by, and live as long as, their device.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>

namespace syngrad {

class device;
class memory_pool;
class operators;

// Whether work that was enqueued has been done. Implemented by each asynchronous device.
class completion {
public:
  virtual ~completion() = default;
  virtual bool ready() const = 0; // any thread
};

// A point in a stream's order. A default-constructed event has always passed: inline devices make no others.
class event {
public:
  event() = default;
  explicit event(std::shared_ptr<completion> state) : state_(std::move(state)) {}

  bool ready() const { return !state_ || state_->ready(); }
  const std::shared_ptr<completion>& state() const { return state_; }

private:
  std::shared_ptr<completion> state_;
};

// A point in a stream's order, and when the device got there: how work is timed without anybody waiting for it.
class time_mark : public completion {
public:
  struct moment {
    std::int64_t host_ns;        // CLOCK_MONOTONIC
    std::int64_t uncertainty_ns; // the device's clock is not the host's
  };
  // Once it is ready. Nothing where the device has failed since.
  virtual std::optional<moment> time() const = 0;
};

// Which of two streams with work goes first, where the device can choose.
enum class stream_priority { high, normal, low };

// Who is told of the operators that are enqueued on a stream (stream::watch), on the thread that enqueues them.
class work_watcher {
public:
  virtual ~work_watcher() = default;
  virtual void before_operator() = 0; // one is about to be enqueued
};

// A device failed: an operation was refused, or work that was enqueued earlier broke. Thrown by streams and operators,
// caught once, at the boundary of the actor, which ends with it. Some failures leave the whole device unusable: every
// later call on it throws as well.
class device_failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

// What an exception tells of, where it is made an error: a device, memory, or a fault of this program.
inline error error_of(const std::exception& thrown) {
  if (dynamic_cast<const device_failure*>(&thrown)) return error::device(thrown.what());
  if (dynamic_cast<const std::bad_alloc*>(&thrown)) return error::resource(thrown.what());
  return error::internal(thrown.what());
}

class stream {
public:
  explicit stream(device& owner) : owner_(owner) {}
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  virtual ~stream() = default;

  device& owner() const { return owner_; }
  operators& ops() const; // the operators of the owner

  // Where make_tensor() takes memory from: the owner's pool, or the part that was named. For the stream's owner.
  memory_pool& memory() const;
  void take_memory_from(memory_pool* part) { part_ = part; } // null: the owner's pool

  // An event that passes when everything enqueued so far is done.
  virtual event record() = 0;
  // Work enqueued from now on starts after `earlier`. Returns at once.
  virtual void wait(const event& earlier) = 0;
  // Calls back, on any thread, when everything enqueued so far is done. An inline device calls at once.
  // It calls back as well where earlier work failed; raise_failure() tells.
  virtual void on_complete(std::function<void()> callback) = 0;
  // Throws device_failure where earlier work on the device is known to have failed. Who was called back asks before it
  // uses results. A host device throws where the work is enqueued, so it has nothing to tell here.
  virtual void raise_failure() {}

  // As record(), with a time. Null on a device that does work as it is enqueued: the host's own clock tells there.
  virtual std::shared_ptr<time_mark> mark_time() { return nullptr; }
  // Who is told of each operator before it is enqueued; null: nobody. For the stream's owner, as its operators are.
  void watch(work_watcher* watcher) { watcher_ = watcher; }

protected:
  // An implementation calls it first in every operator.
  void about_to_enqueue() {
    if (watcher_) watcher_->before_operator();
  }

private:
  device& owner_;
  memory_pool* part_ = nullptr;
  work_watcher* watcher_ = nullptr;
};

} // namespace syngrad
