// Connections without TLS: what changes on the way is noticed, wherever it is; what does not arrives as it was sent.
#include "tests/actors/nodes/stranger.hpp"
#include "tests/support/catch.hpp"

#include "actors/nodes/byte_channel.hpp"
#include "runtime/random.hpp"

#include <array>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace syngrad;
using namespace syngrad::test;

namespace {

using channel_outcome = byte_channel::outcome::kind;

class socket_pair {
public:
  socket_pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()) == 0); }
  ~socket_pair() {
    close_first();
    ::close(ends_[1]);
  }
  socket_pair(const socket_pair&) = delete;
  socket_pair& operator=(const socket_pair&) = delete;
  int first() const { return ends_[0]; }
  int second() const { return ends_[1]; }
  void close_first() {
    if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
  }

private:
  std::array<int, 2> ends_{};
};

struct arrived {
  std::string bytes;
  channel_outcome end = channel_outcome::moved;
};

arrived all_of(record_channel& from, std::size_t piece) {
  arrived out;
  std::string buffer(piece, '\0');
  while (true) {
    const auto came = from.read(buffer.data(), buffer.size());
    out.end = came.what;
    if (came.what != channel_outcome::moved) return out;
    out.bytes.append(buffer, 0, came.bytes);
  }
}

// As it is on the wire: each text a record.
std::string stream_of(const std::vector<std::string>& texts) {
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto header = header_of_record(i, texts[i].data(), texts[i].size());
    out += std::string(header.data(), header.size()) + texts[i];
  }
  return out;
}

arrived received(const std::string& stream) {
  socket_pair sockets;
  record_channel channel(sockets.second());
  REQUIRE(::send(sockets.first(), stream.data(), stream.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(stream.size()));
  return all_of(channel, 7);
}

} // namespace

TEST_CASE(
  "every single flipped bit of a stream of records ends it, before a byte of the damaged record is handed out") {
  const std::vector<std::string> texts{"hello", std::string(40, 'x'), "a"};
  const auto stream = stream_of(texts);
  const auto whole = received(stream);
  CHECK(whole.bytes == "hello" + std::string(40, 'x') + "a");
  CHECK(whole.end == channel_outcome::wants_read);
  const std::size_t ends[]{record_header_size + 5, 2 * record_header_size + 45, stream.size()};
  int unnoticed = 0, too_much = 0;
  for (std::size_t bit = 0; bit < 8 * stream.size(); ++bit) {
    auto damaged = stream;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    const auto got = received(damaged);
    unnoticed += got.end != channel_outcome::over;
    const auto before = bit / 8 < ends[0] ? 0u : bit / 8 < ends[1] ? 5u : 45u;
    too_much += got.bytes.size() != before;
  }
  CHECK(unnoticed == 0);
  CHECK(too_much == 0);
}

TEST_CASE("records that are lost, doubled or in another order, and streams that are none, are noticed") {
  const auto first = stream_of({"one", "two", "three"});
  const auto record = record_header_size + 3;
  CHECK(received(first.substr(record)).end == channel_outcome::over);
  CHECK(received(first.substr(0, record) + first).end == channel_outcome::over);
  CHECK(received(first.substr(0, record) + first.substr(2 * record)).end == channel_outcome::over);
  CHECK(received("GET / HTTP/1.1\r\n\r\n").end == channel_outcome::over);
  CHECK(received(std::string(64, '\0')).end == channel_outcome::over);
  // A length that nobody sends, with its right check.
  CHECK(received(stream_of({std::string(longest_record + 1, 'x')}).substr(0, record_header_size)).end ==
        channel_outcome::over);
  CHECK(received(stream_of({""})).end == channel_outcome::over);
}

TEST_CASE("megabytes pass in both directions at once, through small buffers, as they were sent") {
  random_source random(3, 0);
  const std::string sent[]{random_bytes(random, 3'000'001), random_bytes(random, 2'000'003)};
  socket_pair sockets;
  const int small = 4096;
  for (const auto each : {sockets.first(), sockets.second()})
    REQUIRE(::setsockopt(each, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
  record_channel here(sockets.first()), there(sockets.second());
  std::size_t done[]{0, 0};
  std::string got[2];
  while (got[0].size() < sent[0].size() || got[1].size() < sent[1].size()) {
    for (const auto way : {0, 1}) {
      auto& from = way == 0 ? here : there;
      auto& to = way == 0 ? there : here;
      if (done[way] < sent[way].size()) {
        const auto went = from.write(sent[way].data() + done[way], sent[way].size() - done[way]);
        REQUIRE(went.what != channel_outcome::over);
        REQUIRE(went.what != channel_outcome::wants_read);
        done[way] += went.bytes;
      }
      const auto came = all_of(to, 1 + random.below(100'000));
      REQUIRE(came.end == channel_outcome::wants_read);
      got[way] += came.bytes;
    }
  }
  CHECK(got[0] == sent[0]);
  CHECK(got[1] == sent[1]);
  sockets.close_first();
  CHECK(all_of(there, 10).end == channel_outcome::over);
  CHECK(there.write("x", 1).what == channel_outcome::over);
}
