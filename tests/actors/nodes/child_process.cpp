#include "tests/actors/nodes/child_process.hpp"

#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace syngrad::test {

child_process::child_process(std::vector<std::string> words) {
  int input[2], output[2];
  if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto failed = ::posix_spawn(&id_, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(input[0]);
  ::close(output[1]);
  input_ = input[1];
  output_ = output[0];
  if (failed) throw std::runtime_error("cannot start " + words[0]);
}

child_process::~child_process() {
  if (input_ >= 0) ::close(input_);
  ::close(output_);
  if (id_ <= 0) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
}

void child_process::signal(int number) const {
  ::kill(id_, number);
}

std::string child_process::read_line() const {
  std::string line;
  for (char c = 0; ::read(output_, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

int child_process::end() {
  ::close(input_);
  input_ = -1;
  int status = -1;
  ::waitpid(id_, &status, 0);
  id_ = -1;
  return status;
}

} // namespace syngrad::test
