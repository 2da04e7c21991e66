// Work on one stream that was recorded once and is enqueued again with a single call. It reads and writes the addresses
// that it was recorded with, so whoever replays it sees to it that they hold what is meant (replay_cache.hpp).
#pragma once

namespace syngrad {

class stream;

class recorded_work {
public:
  virtual ~recorded_work() = default;
  // `on` is the stream that it was recorded on. May be called while an earlier replay is under way.
  virtual void replay(stream& on) = 0;
};

} // namespace syngrad
