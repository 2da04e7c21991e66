// What a link costs against CAF's own messages, in the same run over loopback:
//
//   link_bench [--rounds N] [--tensors N] [--small N] [--credit MIB] [--chunk KIB] [--wire FORMAT] [--tls FOLDER]
//
// Throughput of tensors of 64 MiB against blobs of 1 MiB, and the round trip of a small message, alternating; medians.
// CAF by itself does the same work (blobs cut from tensors and put together again; no sum), and only its own (one blob
// again and again, thrown away). It has no limit on what is on the way; it gets windows of 8 MiB and of the link's
// credit, and the better one counts.
//
// FOLDER holds node.pem, node.key and ca.pem.
#include "tests/bench/caf_rivals.hpp"

#include "actors/time_account.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/resource.h>
#include <vector>

using namespace syngrad;
using namespace syngrad::test;

namespace {

constexpr double mib = 1 << 20;

struct bench_options {
  int rounds = 7, tensors = 8, small = 2000;
  link_options link;
  tls_files tls;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Of all threads of this process, which is both nodes, in the system and outside it.
double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// What one way of sending took, each time.
struct costs {
  std::vector<double> rate, cpu; // MB/s; seconds of processor time for a GB

  template <class Run>
  void measure(double megabytes, Run&& run) {
    const auto before = cpu_seconds();
    rate.push_back(megabytes / run());
    cpu.push_back((cpu_seconds() - before) / megabytes * 1e3);
  }
};

double peak_mib() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) / 1024;
}

double link_seconds(two_nodes& nodes, const tensor& values, int tensors) {
  const auto began = steady_now_ns();
  for (int i = 0; i < tensors; ++i) caf::anon_send(nodes.link(), gradient{{}, gradient_kind::truth, values});
  for (int i = 0; i < tensors; ++i) nodes.receiver()->receive([](const gradient&) {});
  return static_cast<double>(steady_now_ns() - began) * 1e-9;
}

std::vector<double> link_round_trips(two_nodes& nodes, int rounds) {
  std::vector<double> out;
  for (int i = 0; i < rounds; ++i) {
    const auto began = steady_now_ns();
    caf::anon_send(nodes.link(), credit{{}, 1});
    nodes.receiver_here()->receive([](const credit&) {});
    out.push_back(static_cast<double>(steady_now_ns() - began) * 1e-3);
  }
  return out;
}

void measure_throughput(const bench_options& options, const char* name) {
  two_nodes_setup setup;
  setup.options = options.link;
  setup.tls = options.tls;
  two_nodes nodes(setup);
  nodes.connect(nodes.port());
  cpu_device cpu;
  auto& work = cpu.make_stream();
  const auto values = make_tensor(work, {16 * 1024, 1024});
  std::memset(values.data(), 1, values.bytes());
  const auto megabytes = static_cast<double>(values.bytes()) * options.tensors * 1e-6;
  const int blobs = 64 * options.tensors;
  const int window = std::max(8, static_cast<int>(static_cast<double>(options.link.credit_bytes) / mib));
  for (const int tensors : {2, options.tensors}) {
    link_seconds(nodes, values, tensors);
    std::printf("%s: at most %.0f MiB resident after %d tensors of 64, one of them sent and two received at a time\n",
                name, peak_mib(), tensors);
  }
  caf_rivals rivals(nodes);
  costs link, tensors[2], bare[2];
  for (int i = 0; i < options.rounds; ++i) {
    link.measure(megabytes, [&] { return link_seconds(nodes, values, options.tensors); });
    for (const int wide : {0, 1}) {
      const int blobs_on_the_way = wide ? window : 8;
      tensors[wide].measure(megabytes, [&] { return rivals.stream_tensors(blobs, blobs_on_the_way); });
      bare[wide].measure(megabytes, [&] { return rivals.stream(blobs, blobs_on_the_way); });
    }
  }
  std::printf("%s: link %.0f MB/s, %.2f s of processor time for a GB\n", name, median(link.rate), median(link.cpu));
  const auto compare = [&](const char* what, const costs(&rival)[2]) {
    const auto& best = rival[median(rival[1].rate) > median(rival[0].rate)];
    std::printf("%s: %s: %.0f MB/s, %.2f s a GB; ratio of the rates %.2f\n", name, what, median(best.rate),
                median(best.cpu), median(link.rate) / median(best.rate));
  };
  compare("CAF, tensors in blobs", tensors);
  compare("CAF, one blob again and again", bare);
}

void measure_round_trip(const bench_options& options, const char* name) {
  two_nodes_setup setup;
  setup.tls = options.tls;
  setup.link_back = setup.answers = true;
  two_nodes nodes(setup);
  nodes.connect(nodes.port());
  caf_rivals rivals(nodes);
  link_round_trips(nodes, 100);
  rivals.round_trips(100);
  std::vector<double> link, caf_own;
  for (int i = 0; i < options.rounds; ++i) {
    link.push_back(median(link_round_trips(nodes, options.small)));
    caf_own.push_back(median(rivals.round_trips(options.small)));
  }
  std::printf("%s: small message there and back: link %.1f us, CAF %.1f us; ratio %.2f\n", name, median(link),
              median(caf_own), median(link) / median(caf_own));
}

} // namespace

int main(int count, char** words) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  bench_options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = words[i], value = words[i + 1];
    const auto number = static_cast<std::size_t>(std::atoll(value.c_str()));
    if (name == "--rounds") options.rounds = static_cast<int>(number);
    if (name == "--tensors") options.tensors = static_cast<int>(number);
    if (name == "--small") options.small = static_cast<int>(number);
    if (name == "--credit") options.link.credit_bytes = number << 20;
    if (name == "--chunk") options.link.chunk_bytes = number << 10;
    if (name == "--wire") options.link.gradients = wire_format_named(value).value_or(wire_format::f32);
    if (name == "--tls") options.tls = {value + "/node.pem", value + "/node.key", value + "/ca.pem"};
  }
  const char* const name = options.tls.certificate.empty() ? "plain" : "TLS";
  measure_throughput(options, name);
  measure_round_trip(options, name);
}
