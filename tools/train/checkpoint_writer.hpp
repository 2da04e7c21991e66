// Puts states of a run on disk beside it: on a thread of its own, so that no actor waits for a disk. Where states come
// faster than the disk takes them the latest replaces the one that waits. A failure is said, and ends nothing: the next
// state is tried again.
//
// Threads: any, for every member.
#pragma once

#include "actors/checkpoints/checkpoint_folder.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace syngrad::tools {

class checkpoint_writer {
public:
  struct setup {
    std::function<std::string()> folder;     // of the run, now
    std::function<checkpoint_facts()> facts; // asked for once, from the thread of this object
    std::size_t keep = 3;
    std::function<void(const std::string& line)> say; // to the user; from the thread of this object
  };

  explicit checkpoint_writer(setup);
  ~checkpoint_writer(); // as finish()
  checkpoint_writer(const checkpoint_writer&) = delete;
  checkpoint_writer& operator=(const checkpoint_writer&) = delete;

  // Returns at once.
  void save(std::shared_ptr<const saved_run>);
  // Waits for what was given.
  void finish();
  // The step of the newest one that this object has put on disk.
  std::optional<std::int64_t> saved() const;

private:
  void work();
  void write(const saved_run&);

  setup setup_;
  std::optional<checkpoint_facts> facts_; // of that thread
  mutable std::mutex mutex_;              // of the rest
  std::condition_variable changed_;
  std::shared_ptr<const saved_run> waiting_;
  std::optional<std::int64_t> saved_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace syngrad::tools
