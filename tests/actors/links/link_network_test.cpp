// Links over real connections: loopback, CAF's own networking, and a relay that breaks it.
#include "tests/actors/links/link_samples.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tcp_relay.hpp"
#include "tests/support/two_nodes.hpp"

#include <cstdlib>
#include <cstring>

using namespace syngrad;
using namespace syngrad::test;

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

std::unique_ptr<tcp_relay> relay_to(std::uint16_t port) {
  auto made = tcp_relay::start(0, "127.0.0.1", port);
  REQUIRE(made);
  return std::move(*made);
}

void require_equal(const tensor& a, const tensor& b) {
  REQUIRE(a.extents() == b.extents());
  REQUIRE(std::memcmp(a.data(), b.data(), a.bytes()) == 0);
}

template <class M>
M receive(caf::scoped_actor& at) {
  std::optional<M> got;
  at->receive([&](M& message) { got = std::move(message); }, caf::after(std::chrono::seconds(60)) >> [] {});
  REQUIRE(got);
  return std::move(*got);
}

gradient with_values(std::uint64_t id, tensor values) {
  return {{id, 0, 0, id, 0}, gradient_kind::truth, std::move(values)};
}

tensor random_mib(cpu_device& cpu, std::int64_t size, random_source& random) {
  return random_bits(cpu.make_stream(), {size * 256, 1024}, random);
}

} // namespace

TEST_CASE("tensors of 64 MiB and small messages between them cross loopback bit for bit and in order") {
  cpu_device cpu;
  random_source random(1, 1);
  two_nodes nodes({});
  nodes.connect(nodes.port());
  const auto large = random_mib(cpu, 64, random);
  const auto small = random_bits(cpu.make_stream(), {3, 5}, random);
  for (std::uint64_t i = 0; i < 3; ++i) {
    caf::anon_send(nodes.link(), with_values(2 * i, large));
    caf::anon_send(nodes.link(), with_values(2 * i + 1, small));
  }
  for (std::uint64_t i = 0; i < 6; ++i) {
    const auto got = receive<gradient>(nodes.receiver());
    REQUIRE(got.context.id == i);
    require_equal(got.values, i % 2 == 0 ? large : small);
  }
  REQUIRE(nodes.received().payload_bytes == 3 * (large.bytes() + small.bytes()));
  REQUIRE(nodes.sent().repeated_chunks == 0);
}

TEST_CASE("connections reset in the middle of a tensor cost at most the credit, each time, and nothing else") {
  cpu_device cpu;
  random_source random(2, 1);
  two_nodes_setup setup;
  setup.options.credit_bytes = 8 * mib;
  two_nodes nodes(setup);
  const auto relay = relay_to(nodes.port());
  const auto values = random_mib(cpu, 64, random);
  constexpr int resets = 3;
  relay->reset_after(15 * mib + 12345, resets);
  for (std::uint64_t i = 0; i < 2; ++i) caf::anon_send(nodes.link(), with_values(i, values));
  for (int i = 0; i < resets; ++i) {
    nodes.connect(relay->port());
    nodes.await_loss();
  }
  nodes.connect(relay->port());
  for (std::uint64_t i = 0; i < 2; ++i) {
    const auto got = receive<gradient>(nodes.receiver());
    REQUIRE(got.context.id == i);
    require_equal(got.values, values);
  }
  REQUIRE(relay->counts().connections == resets + 1);
  REQUIRE(nodes.sent().repeated_chunks >= 1);
  REQUIRE(nodes.sent().repeated_chunks <= resets * 8);
  REQUIRE(nodes.received().messages == 2);
}

TEST_CASE("a bit that flips in a chunk is noticed, and the chunk sent again") {
  cpu_device cpu;
  random_source random(3, 1);
  two_nodes nodes({});
  const auto relay = relay_to(nodes.port());
  nodes.connect(relay->port());
  relay->flip(10 * mib + 12345); // once, in a message of 16 MiB
  const auto values = random_mib(cpu, 16, random);
  caf::anon_send(nodes.link(), with_values(1, values));
  require_equal(receive<gradient>(nodes.receiver()).values, values);
  REQUIRE(relay->counts().flips >= 1);
  REQUIRE(nodes.received().damaged_chunks >= 1);
  REQUIRE(nodes.sent().repeated_chunks >= 1);
}

TEST_CASE("a connection that stands still holds the sender to its credit, and then everything arrives") {
  cpu_device cpu;
  random_source random(4, 1);
  two_nodes_setup setup;
  setup.options.credit_bytes = 4 * mib;
  two_nodes nodes(setup);
  const auto relay = relay_to(nodes.port());
  nodes.connect(relay->port());
  relay->stall(true);
  const auto values = random_mib(cpu, 16, random);
  for (std::uint64_t i = 0; i < 4; ++i) caf::anon_send(nodes.link(), with_values(i, values));
  const auto answer = std::make_shared<std::promise<std::string>>();
  auto line = answer->get_future();
  caf::anon_send(nodes.link(), describe_request{answer});
  REQUIRE(line.get().starts_with(
    "link there: waits for bytes of credit, or receipts, from the other end, 4 messages are not there yet "
    "(4194304 bytes on the way, 0 of credit left); session 1 is up, heard of "));
  REQUIRE(nodes.received().messages == 0);
  relay->stall(false);
  for (std::uint64_t i = 0; i < 4; ++i) require_equal(receive<gradient>(nodes.receiver()).values, values);
}

TEST_CASE("a link in each direction answers over one connection, delayed by the relay") {
  two_nodes_setup setup;
  setup.link_back = true;
  two_nodes nodes(setup);
  const auto relay = relay_to(nodes.port());
  nodes.connect(relay->port());
  relay->delay(std::chrono::milliseconds(20));
  const auto began = std::chrono::steady_clock::now();
  caf::anon_send(nodes.link(), credit{{1, 0, 0, 0, 0}, 7});
  REQUIRE(receive<credit>(nodes.receiver()).batches == 7);
  caf::anon_send(nodes.link_back(), credit{{2, 0, 0, 0, 0}, 8});
  REQUIRE(receive<credit>(nodes.receiver_here()).batches == 8);
  REQUIRE(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(40));
}

TEST_CASE("a slow connection is only slow, and one that is cut for a while goes on by itself") {
  cpu_device cpu;
  random_source random(5, 1);
  two_nodes_setup setup;
  setup.options.chunk_bytes = mib / 4;
  two_nodes nodes(setup);
  const auto relay = relay_to(nodes.port());
  nodes.connect(relay->port());
  const auto values = random_mib(cpu, 4, random);
  relay->throttle(20 * mib);
  const auto began = std::chrono::steady_clock::now();
  caf::anon_send(nodes.link(), with_values(1, values));
  relay->cut(std::chrono::milliseconds(200));
  require_equal(receive<gradient>(nodes.receiver()).values, values);
  // 3 MiB at 20 MiB/s, as sockets and a first burst hold 1 MiB; and the time of the cut.
  REQUIRE(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(150));
  REQUIRE(relay->counts().connections == 1);
  REQUIRE(nodes.sent().repeated_chunks == 0);
}

TEST_CASE("a link works over TLS, also after a reset") {
  temporary_folder folder;
  const std::string make = std::string(SYNGRAD_MAKE_CERTIFICATES) + " " + folder.path();
  REQUIRE(std::system(make.c_str()) == 0);
  cpu_device cpu;
  random_source random(6, 1);
  two_nodes_setup setup;
  setup.tls = {folder.path() + "/node.pem", folder.path() + "/node.key", folder.path() + "/ca.pem"};
  setup.options.credit_bytes = 4 * mib;
  two_nodes nodes(setup);
  const auto relay = relay_to(nodes.port());
  relay->reset_after(10 * mib);
  const auto values = random_mib(cpu, 32, random);
  caf::anon_send(nodes.link(), with_values(1, values));
  nodes.connect(relay->port());
  nodes.await_loss();
  nodes.connect(relay->port());
  require_equal(receive<gradient>(nodes.receiver()).values, values);
  REQUIRE(relay->counts().connections == 2);
  REQUIRE(nodes.sent().repeated_chunks <= 4);
}
