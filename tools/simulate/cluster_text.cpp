#include "tools/simulate/cluster_text.hpp"

#include "actors/settings.hpp"
#include "runtime/text.hpp"

#include <limits>
#include <optional>
#include <string_view>
#include <utility>

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

constexpr double most_seconds = 1e9;

std::optional<double> seconds_in(std::string_view text) {
  return number_in(text, 0.0, most_seconds);
}

// What stands before ":down:", and what behind it.
std::pair<std::string_view, std::optional<std::string_view>> split_at_down(std::string_view text) {
  constexpr std::string_view down = ":down:";
  const auto at = text.find(down);
  if (at == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + down.size())};
}

// Terms of --link without their place.
result<link_conditions> parse_everywhere(const std::string& text, const std::string& examples) {
  std::string terms;
  for (const auto& each : split_text(text, ',')) {
    const auto colon = each.find(':');
    if (colon == std::string::npos || each.find('@') != std::string::npos)
      return error::setting("expected terms like " + examples + ", got '" + std::string(each) + "'");
    terms += (terms.empty() ? "" : ",") + std::string(each.substr(0, colon)) + "@*" + std::string(each.substr(colon));
  }
  const auto network = emulated_network::parse(terms);
  if (!network) return network.failure();
  return network->at(any_interface);
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
  const auto conditions = parse_everywhere(text, "delay:10ms or rate:100MB/s");
  if (!conditions) return conditions.failure();
  if (conditions->delay_batches > 0) return error::setting("expected times, got a number of batches in '" + text + "'");
  return conditions;
}

result<described_link_cost> parse_link_cost(const std::string& text) {
  if (text == "none") return described_link_cost();
  if (text == "measured" || text == "tls") return described_link_cost{true, text == "tls", {}};
  std::string terms;
  for (const auto& each : split_text(text, ',')) {
    const std::string_view term(each), message("message:");
    if (!term.starts_with(message) && !term.starts_with("rate:"))
      return error::setting("expected measured, tls, none, or terms like message:50us,rate:500MB/s, got '" +
                            std::string(term) + "'");
    terms += (terms.empty() ? "" : ",") +
             (term.starts_with(message) ? "delay:" + std::string(term.substr(message.size())) : std::string(term));
  }
  const auto read = parse_everywhere(terms, "message:50us or rate:500MB/s");
  if (!read) return read.failure();
  if (read->delay_batches > 0) return error::setting("expected a time for each message, got '" + text + "'");
  return described_link_cost{
    false, false, {1e-9 * static_cast<double>(read->delay_ns), read->bytes_per_s > 0 ? 1 / read->bytes_per_s : 0}};
}

result<std::vector<simulated_failure>> parse_failures(const std::string& text) {
  std::vector<simulated_failure> out;
  if (text.empty()) return out;
  for (const auto& each : split_text(text, ',')) {
    const auto [begin, down] = split_at_down(each);
    const auto at = begin.find('@');
    const auto node = number_in(begin.substr(0, at), 0, most_described_nodes - 1);
    const auto second = at == std::string_view::npos ? std::nullopt : seconds_in(begin.substr(at + 1));
    const auto down_s = down ? seconds_in(*down) : std::numeric_limits<double>::infinity();
    if (!node || !second || !down_s)
      return error::setting("expected NODE@SECOND or NODE@SECOND:down:SECONDS, got '" + std::string(each) +
                            "'; write for example 1@30:down:10");
    out.push_back({*node, *second, *down_s});
  }
  return out;
}

result<described_mtbf> parse_mtbf(const std::string& text) {
  described_mtbf out;
  if (text.empty()) return out;
  const auto [mean, down] = split_at_down(text);
  const auto mean_s = number_in(mean, 1e-3, most_seconds);
  const auto down_s = down ? seconds_in(*down) : out.down_s;
  if (!mean_s || !down_s)
    return error::setting("expected SECONDS or SECONDS:down:SECONDS, got '" + text +
                          "'; write for example 3600:down:30");
  return described_mtbf{*mean_s, *down_s};
}

} // namespace syngrad::tools
