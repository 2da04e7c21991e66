// A program that a test starts, stops, kills. It is killed and waited for when this object goes.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace syngrad::test {

class child_process {
public:
  explicit child_process(std::vector<std::string> words); // the first one: the program's path
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  void signal(int number) const;
  std::string read_line() const; // of its standard output; blocks
  int end();                     // closes its standard input and waits: the exit status

private:
  pid_t id_ = -1;
  int input_ = -1, output_ = -1;
};

} // namespace syngrad::test
