#include "actors/distributed/process_part.hpp"

#include "actors/hang_watch.hpp"
#include "actors/observed_actor.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/memory_pool.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <fmt/core.h>
#include <sstream>
#include <thread>

namespace syngrad {

namespace {

constexpr std::size_t longest_last_line = 48;

std::string last_heard(double seconds) {
  char text[64];
  std::snprintf(text, sizeof text, "last heard of %.1f s ago", seconds);
  return text;
}

std::string lost_with(std::uint8_t node, const std::vector<group_place>& places) {
  const auto groups = groups_on(node, places);
  return groups.empty() ? "" : "; lost with it: the weights of " + groups;
}

} // namespace

std::vector<std::string> stop_actors(caf::actor_system& system, const std::vector<caf::actor>& actors,
                                     std::chrono::milliseconds patience) {
  caf::scoped_actor self(system);
  std::vector<caf::actor> alive = actors;
  for (const auto& each : actors) {
    self->monitor(each);
    caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
  }
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!alive.empty()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() < 0) break;
    self->receive(
      [&](const caf::down_msg& down) {
        std::erase_if(alive, [&](const caf::actor& each) { return each.address() == down.source; });
      },
      caf::after(left) >> [] {});
  }
  std::vector<std::string> names;
  for (const auto& each : alive) names.push_back(title_of(each));
  return names;
}

std::vector<held_memory> memory_of(const std::vector<device*>& devices) {
  std::vector<held_memory> rows;
  std::vector<const device*> counted;
  for (auto* each : devices) {
    if (std::find(counted.begin(), counted.end(), each) != counted.end()) continue;
    counted.push_back(each);
    auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& known) { return known.device == each->name(); });
    if (row == rows.end()) row = rows.insert(rows.end(), {"", each->name(), 0, 0});
    row->bytes += each->memory().counters().bytes;
    if (!each->host_reads_memory()) row->pinned_bytes += each->host_visible_memory().counters().bytes;
  }
  return rows;
}

std::vector<std::string> waits_of_process(std::vector<caf::actor> actors, const std::vector<caf::actor>& peers) {
  actors.insert(actors.end(), peers.begin(), peers.end());
  return who_waits_for_whom(actors, waits_patience);
}

std::string to_waits_text(const std::vector<std::string>& lines, std::size_t limit) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (text.size() + lines[i].size() + longest_last_line > limit)
      return fmt::format("{}and {} more lines\n", text, lines.size() - i);
    text += lines[i] + '\n';
  }
  return text;
}

std::vector<std::string> read_waits_text(const std::string& text) {
  std::istringstream in(text.substr(0, longest_waits_text));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    std::replace_if(
      line.begin(), line.end(), [](unsigned char each) { return each < 0x80 && !std::isprint(each); }, '?');
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string groups_on(std::uint8_t node, const std::vector<group_place>& places) {
  std::string text;
  int count = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].node != node) continue;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", i);
    ++count;
  }
  return count == 0 ? "" : (count > 1 ? "groups " : "group ") + text;
}

std::string describe_loss(const std::string& title, const peer_dead& dead, const std::vector<group_place>& places) {
  if (dead.last_heard_s < 0) return title + " was never reached: " + dead.why + lost_with(dead.node, places);
  return title + " is gone: " + dead.why + " (" + last_heard(dead.last_heard_s) + ")" + lost_with(dead.node, places);
}

double measure_host_rate(int threads) {
  constexpr std::int64_t size = 256;
  constexpr int rounds = 32, repetitions = 16; // a round is some 5 ms on one core of 2020
  double seconds = 1e9;
  std::thread([&] {
    configure_compute_thread();
    cpu_device cpu;
    auto& work = cpu.make_stream();
    auto a = make_tensor(work, {size, size}), b = make_tensor(work, {size, size}), c = make_tensor(work, {size, size});
    for (auto* each : {&a, &b, &c}) cpu.ops().fill(work, *each, 0.5f);
    const auto multiply = [&] {
      cpu.ops().matmul(
        work, {.a = a, .transpose_a = transpose::no, .b = b, .transpose_b = transpose::yes, .c = c, .beta = 0.0f});
    };
    multiply(); // makes what is made once
    for (int round = 0; round < rounds; ++round) {
      const auto began = std::chrono::steady_clock::now();
      for (int i = 0; i < repetitions; ++i) multiply();
      cpu.synchronize();
      seconds = std::min(seconds, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    }
  }).join();
  return threads * repetitions * static_cast<double>(size * size * size) / std::max(seconds, 1e-9);
}

} // namespace syngrad
