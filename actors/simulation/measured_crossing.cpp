#include "actors/simulation/measured_crossing.hpp"

#include "actors/links/link_ends.hpp"
#include "actors/nodes/certificates.hpp"
#include "actors/nodes/node_system.hpp"
#include "actors/nodes/peer_messages.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace syngrad {

namespace {

constexpr std::uint32_t link_number = 1;
constexpr const char* node_names[] = {"a", "b"};
constexpr std::chrono::seconds loopback_patience{20};

double processor_s() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Certificates of two nodes, in files that are there as long as this.
class two_certificates {
public:
  static result<two_certificates> make() {
    auto folder = (std::filesystem::temp_directory_path() / "syngrad-XXXXXX").string();
    if (!::mkdtemp(folder.data()))
      return error::resource("cannot make a folder for certificates like '" + folder +
                             "': " + std::string(std::strerror(errno)));
    two_certificates out(folder);
    const auto authority = certificate_authority::create("syngrad simulate", 1);
    if (!authority) return authority.failure();
    out.write("ca.pem", authority->own().certificate);
    for (const std::string name : node_names) {
      const auto issued = authority->issue(name, {"127.0.0.1"}, 1);
      if (!issued) return issued.failure();
      out.write(name + ".pem", issued->certificate);
      out.write(name + ".key", issued->key);
    }
    return out;
  }
  tls_files of(const std::string& name) const {
    const auto path = *folder_ + "/";
    return {path + name + ".pem", path + name + ".key", path + "ca.pem"};
  }

private:
  explicit two_certificates(const std::string& folder)
    : folder_(new std::string(folder), [](const std::string* made) {
        std::error_code ignored;
        std::filesystem::remove_all(*made, ignored);
        delete made;
      }) {}
  void write(const std::string& name, const std::string& text) const {
    std::ofstream file(*folder_ + "/" + name);
    std::filesystem::permissions(*folder_ + "/" + name,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    file << text;
  }

  std::shared_ptr<const std::string> folder_;
};

// A process of its own, but for memory.
struct loopback_node {
  std::unique_ptr<node_system> system;
  std::unique_ptr<caf::scoped_actor> owner; // of its peer; ends before the system
  caf::actor peer, link;

  static result<loopback_node> open(const network_settings& settings) {
    auto system = node_system::open(settings, 1, 1, [](const std::string&) {});
    if (!system) return system.failure();
    auto owner = std::make_unique<caf::scoped_actor>((*system)->get());
    return loopback_node{std::move(*system), std::move(owner), {}, {}};
  }
  peer_setup peer_to(const loopback_node& other, std::uint8_t own_number) const {
    const std::uint8_t others = 1 - own_number;
    auto expected = other.system->identity();
    expected.address = other.system->listening();
    return {system->context(), caf::actor(*owner), own_number, others, expected};
  }
  void joins(caf::actor with, caf::actor end) {
    peer = std::move(with);
    link = std::move(end);
    caf::anon_send(peer, register_link{link_number, link});
  }
  void leave() {
    if (peer) caf::anon_send(peer, leave_peer{});
    if (link) caf::anon_send_exit(link, caf::exit_reason::user_shutdown);
    peer = link = nullptr;
  }
};

// Two of them, joined by a link from the first to the second.
class loopback_link {
public:
  static result<std::unique_ptr<loopback_link>> open(const link_options& options, const two_certificates* secured) {
    network_settings from, to;
    from.name = node_names[0], to.name = node_names[1];
    from.version = to.version = "simulated";
    to.listen = endpoint{"127.0.0.1", 0};
    if (secured) from.tls = secured->of(from.name), to.tls = secured->of(to.name);
    auto a = loopback_node::open(from);
    if (!a) return a.failure();
    auto b = loopback_node::open(to);
    if (!b) return b.failure();
    return std::unique_ptr<loopback_link>(new loopback_link(std::move(*a), std::move(*b), options));
  }
  ~loopback_link() {
    from_.leave();
    to_.leave();
  }
  loopback_link(const loopback_link&) = delete;
  loopback_link& operator=(const loopback_link&) = delete;

  // Returns when it has come.
  template <class M>
  status pass(const M& message) {
    caf::anon_send(from_.link, message);
    bool come = true;
    (*receiver_)->receive([](const M&) {}, caf::after(loopback_patience) >> [&come] { come = false; });
    return come ? ok() : status(error::resource("what was sent over loopback has not come"));
  }

private:
  loopback_link(loopback_node from, loopback_node to, const link_options& options)
    : from_(std::move(from)), to_(std::move(to)), receiver_(std::make_unique<caf::scoped_actor>(to_.system->get())) {
    outgoing_link_setup out;
    out.number = link_number;
    out.title = "link there";
    out.options = options;
    incoming_link_setup in;
    in.number = link_number;
    in.title = "link from there";
    in.target = caf::actor(*receiver_);
    in.host = &host_;
    in.options = options;
    const auto expects = from_.system->identity();
    to_.joins(spawn_accepting_peer(to_.system->get(), to_.peer_to(from_, 1)),
              spawn_incoming_link(to_.system->get(), {2, nullptr}, std::move(in)));
    caf::anon_send(to_.system->gatekeeper(), expect_peer{expects.name, expects.instance, to_.peer});
    constexpr double for_s = 10;
    from_.joins(spawn_initiating_peer(from_.system->get(), from_.peer_to(to_, 0), role::peer, for_s),
                spawn_outgoing_link(from_.system->get(), {1, nullptr}, std::move(out)));
  }

  cpu_device host_;
  loopback_node from_, to_;
  std::unique_ptr<caf::scoped_actor> receiver_;
};

// Processor seconds of a message at both ends together: the least of a few times, each of so many that it can be told.
// One goes after the other, as in a run, where there is work between them: threads wait and wake for each.
template <class M>
result<double> cost_of(loopback_link& link, const std::vector<M>& messages) {
  constexpr double enough_s = 0.1;
  constexpr int times = 3;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < times; ++i) {
    const auto before = processor_s();
    std::size_t sent = 0;
    while (processor_s() - before < enough_s)
      if (const auto passed = link.pass(messages[sent++ % messages.size()]); !passed) return passed.failure();
    least = std::min(least, (processor_s() - before) / static_cast<double>(sent));
  }
  return least;
}

// Of so many bytes each, and together of more than caches keep.
std::vector<gradient> large_messages(stream& work, std::size_t bytes) {
  constexpr std::int64_t columns = 256;
  constexpr std::size_t together = std::size_t{1} << 25;
  const auto rows = std::max<std::int64_t>(1, static_cast<std::int64_t>(bytes / (columns * sizeof(float))));
  std::vector<gradient> out;
  for (std::size_t made = 0; made < together || out.empty(); made += bytes) {
    auto values = make_tensor(work, {rows, columns});
    work.ops().fill(work, values, 0.5F);
    out.push_back({{}, gradient_kind::truth, std::move(values), {}});
  }
  return out;
}

} // namespace

result<crossing_cost> measure_crossing(const link_options& options, std::size_t bytes, bool secured) {
  cpu_device cpu; // outlives the link, which holds what it has sent for a while
  std::optional<two_certificates> certificates;
  if (secured) {
    auto made = two_certificates::make();
    if (!made) return made.failure();
    certificates.emplace(std::move(*made));
  }
  const auto link = loopback_link::open(options, certificates ? &*certificates : nullptr);
  if (!link) return link.failure();
  const auto messages = large_messages(cpu.make_stream(), bytes);
  for (const auto& each : messages)
    if (const auto passed = (*link)->pass(each); !passed) return passed.failure();
  const auto small = cost_of(**link, std::vector{credit{{}, 1}});
  if (!small) return small.failure();
  const auto large = cost_of(**link, messages);
  if (!large) return large.failure();
  const auto sent = static_cast<double>(messages.front().values.bytes());
  return crossing_cost{*small / 2, std::max(0.0, *large - *small) / (2 * sent)};
}

} // namespace syngrad
