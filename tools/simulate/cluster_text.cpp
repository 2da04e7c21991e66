#include "tools/simulate/cluster_text.hpp"

#include "actors/settings.hpp"
#include "runtime/text.hpp"

#include <optional>
#include <string_view>

namespace syngrad::tools {

namespace {

constexpr int any_interface = 0;

error malformed_cluster(std::string_view node, const std::string& expected) {
  return error::setting("expected " + expected + ", got '" + std::string(node) +
                        "'; write for example 3x1 for three nodes of one thread, or 2x4,1@0.5");
}

template <class Number>
std::optional<Number> number_in(std::string_view text, Number least, Number most) {
  const auto number = parse_number<Number>(text);
  return number && *number >= least && *number <= most ? number : std::nullopt;
}

} // namespace

result<std::vector<described_node>> parse_cluster(const std::string& text) {
  std::vector<described_node> out;
  for (const auto& each : split_text(text, ',')) {
    std::string_view node(each);
    std::optional<int> count = 1;
    if (const auto times = node.find('x'); times != std::string_view::npos) {
      count = number_in(node.substr(0, times), 1, most_described_nodes);
      node.remove_prefix(times + 1);
    }
    std::optional<double> speed = 1;
    if (const auto at = node.find('@'); at != std::string_view::npos) {
      speed = number_in(node.substr(at + 1), 1e-3, 1e3);
      node = node.substr(0, at);
    }
    const auto threads = number_in(node, 1, most_threads);
    if (!count) return malformed_cluster(each, "1 to " + std::to_string(most_described_nodes) + " nodes");
    if (!threads) return malformed_cluster(each, "the number of a node's threads");
    if (!speed) return malformed_cluster(each, "a speed from 0.001 to 1000, times that of a thread here");
    out.insert(out.end(), static_cast<std::size_t>(*count), {*threads, *speed});
  }
  if (out.empty() || out.size() > most_described_nodes)
    return malformed_cluster(text, "1 to " + std::to_string(most_described_nodes) + " nodes in all");
  return out;
}

result<link_conditions> parse_between(const std::string& text) {
  if (text.empty()) return link_conditions();
  std::string terms;
  for (const auto& each : split_text(text, ',')) {
    const auto colon = each.find(':');
    if (colon == std::string::npos || each.find('@') != std::string::npos)
      return error::setting("expected terms like delay:10ms or rate:100MB/s, got '" + std::string(each) + "'");
    terms += (terms.empty() ? "" : ",") + std::string(each.substr(0, colon)) + "@*" + std::string(each.substr(colon));
  }
  const auto network = emulated_network::parse(terms);
  if (!network) return network.failure();
  if (network->is_in_batches()) return error::setting("expected times, got a number of batches in '" + text + "'");
  return network->at(any_interface);
}

} // namespace syngrad::tools
