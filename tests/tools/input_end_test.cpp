// The end of a process's input, in whatever way it comes.
#include "tests/support/catch.hpp"
#include "tools/distributed/local_nodes.hpp"

#include <array>
#include <future>
#include <sys/socket.h>
#include <unistd.h>

using syngrad::tools::input_end;

namespace {

// Both ends of a pipe; what is still open is closed with it.
struct open_pipe {
  open_pipe() { REQUIRE(::pipe(ends.data()) == 0); }
  ~open_pipe() {
    for (const int each : ends)
      if (each >= 0) ::close(each);
  }
  void close_ours() { ::close(std::exchange(ends[1], -1)); }
  std::array<int, 2> ends{-1, -1};
};

} // namespace

TEST_CASE("the end of the input is told once, after what was written before it is dropped") {
  open_pipe pipe;
  std::promise<void> ended;
  int calls = 0;
  {
    const input_end watch(
      [&] {
        ++calls;
        ended.set_value();
      },
      pipe.ends[0]);
    const std::array<char, 10000> text{};
    REQUIRE(::write(pipe.ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    pipe.close_ours();
    ended.get_future().wait();
  }
  REQUIRE(calls == 1);
}

TEST_CASE("it is not told of input that goes on") {
  open_pipe pipe;
  int calls = 0;
  {
    const input_end watch([&] { ++calls; }, pipe.ends[0]);
    REQUIRE(::write(pipe.ends[1], "x", 1) == 1);
  }
  REQUIRE(calls == 0);
}

TEST_CASE("it ends whatever its kind: nothing at all, a socket whose other side went, a descriptor that is none") {
  std::promise<void> of_socket, of_nothing;
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  {
    const input_end socket([&] { of_socket.set_value(); }, ends[0]);
    ::close(ends[1]);
    of_socket.get_future().wait();
  }
  ::close(ends[0]);
  {
    constexpr int nobodys = 1000; // the number of one that was closed would be given to the next one that is opened
    const input_end none([&] { of_nothing.set_value(); }, nobodys);
    of_nothing.get_future().wait();
  }
}
