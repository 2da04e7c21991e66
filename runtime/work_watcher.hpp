// Who is told of the operators that are enqueued on a stream (stream::watch), on the thread that enqueues them.
#pragma once

namespace syngrad {

class work_watcher {
public:
  virtual ~work_watcher() = default;
  virtual void before_operator() = 0; // one is about to be enqueued
};

} // namespace syngrad
