#include "tests/bench/caf_rivals.hpp"

#include "actors/time_account.hpp"

#include <caf/io/all.hpp>

#include <algorithm>
#include <stdexcept>

namespace syngrad::test {

namespace {

constexpr std::size_t blob_bytes = std::size_t{1} << 20;

constexpr std::size_t blobs_of_tensor = 64;

// Counts blobs, tells of every eighth, and answers a pair of numbers with itself. Blobs with an index are copied to it.
caf::behavior far_end(caf::event_based_actor* self) {
  const auto tensor = std::make_shared<std::vector<char>>(blobs_of_tensor * blob_bytes);
  return {
    [self, tensor, count = 0](const caf::actor& to, std::uint64_t index, std::vector<char>& blob) mutable {
      if (blob.size() != blob_bytes) return;
      std::copy(blob.begin(), blob.end(), tensor->begin() + static_cast<std::ptrdiff_t>(index * blob_bytes));
      if (++count % 8 == 0) self->send(to, std::int32_t{8});
    },
    [self, count = 0](const caf::actor& to, std::vector<char>& blob) mutable {
      if (blob.size() == blob_bytes && ++count % 8 == 0) self->send(to, std::int32_t{8});
    },
    [](std::uint64_t a, std::uint64_t b) { return caf::make_message(a, b); },
  };
}

} // namespace

// By name, over the connection that is there: a second one between the same two nodes would be closed as redundant.
caf_rivals::caf_rivals(two_nodes& nodes) : nodes_(nodes), tensor_(blobs_of_tensor * blob_bytes, 'x') {
  const auto made = nodes.there().spawn(far_end);
  nodes.there().registry().put(caf::atom("rival"), caf::actor_cast<caf::strong_actor_ptr>(made));
  far_ = caf::actor_cast<caf::actor>(nodes.here().middleman().remote_lookup(caf::atom("rival"), made.node()));
  if (!far_) throw std::runtime_error("the other node does not answer");
  asker_.emplace(nodes.here());
}

caf_rivals::~caf_rivals() {
  nodes_.there().registry().erase(caf::atom("rival"));
  caf::anon_send_exit(far_, caf::exit_reason::user_shutdown);
}

double caf_rivals::stream(int blobs, int window) {
  const auto same = caf::make_message(caf::actor(*asker_), std::vector<char>(blob_bytes, 'x'));
  return stream_of([&](int) { return same; }, blobs, window);
}

double caf_rivals::stream_tensors(int blobs, int window) {
  const auto cut = [this](int number) {
    const auto index = static_cast<std::size_t>(number) % blobs_of_tensor;
    const auto* from = tensor_.data() + index * blob_bytes;
    return caf::make_message(caf::actor(*asker_), std::uint64_t{index}, std::vector<char>(from, from + blob_bytes));
  };
  return stream_of(cut, blobs, window);
}

double caf_rivals::stream_of(const std::function<caf::message(int)>& blob, int blobs, int window) {
  auto& self = *asker_;
  const auto began = steady_now_ns();
  int sent = 0, arrived = 0;
  while (arrived < blobs) {
    for (; sent < blobs && sent - arrived < window; ++sent) self->send(far_, blob(sent));
    self->receive([&](std::int32_t more) { arrived += more; });
  }
  return static_cast<double>(steady_now_ns() - began) * 1e-9;
}

std::vector<double> caf_rivals::round_trips(int rounds) {
  auto& self = *asker_;
  std::vector<double> out;
  for (int i = 0; i < rounds; ++i) {
    const auto began = steady_now_ns();
    self->request(far_, caf::infinite, std::uint64_t{1}, std::uint64_t{2})
      .receive([](std::uint64_t, std::uint64_t) {},
               [&](const caf::error& why) { throw std::runtime_error(nodes_.here().render(why)); });
    out.push_back(static_cast<double>(steady_now_ns() - began) * 1e-3);
  }
  return out;
}

} // namespace syngrad::test
