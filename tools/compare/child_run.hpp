// A training in a process of its own: this program again, as `syngrad train ...`. It is not left behind: it ends with
// this process, even where that is killed.
#pragma once

#include "runtime/result.hpp"

#include <mutex>
#include <string>
#include <sys/types.h>
#include <vector>

namespace syngrad::tools {

struct child_end {
  int code = 0;           // its exit code; of one that was killed 128 and the signal's number
  std::string last_words; // the last line of its standard error, without "syngrad train: "
};

class child_run {
public:
  // Runs it to its end. The standard output is dropped. One at a time.
  result<child_end> run(const std::vector<std::string>& arguments);
  // Any thread: sends it a signal; nothing where none runs.
  void signal(int number) const;

private:
  void note_running(pid_t);

  mutable std::mutex mutex_;
  pid_t running_ = 0; // 0: none
};

} // namespace syngrad::tools
