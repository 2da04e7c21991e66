#include "actors/distributed/node_wait.hpp"

#include "runtime/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fmt/core.h>

namespace syngrad {

namespace {

constexpr std::chrono::seconds first_patience{30};
constexpr std::chrono::minutes longest_patience{10};

std::string nodes_text(int count) {
  return fmt::format("{}{}", count, count == 1 ? " node" : " nodes");
}

std::string text_of_seconds(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", value);
  return text;
}

double seconds_of(node_wait::clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

} // namespace

bool node_quorum::is_reached(int ready, int joined, clock::time_point now) {
  if (ready >= count_.most) return true;
  if (ready < count_.least) enough_since_.reset();
  if (ready >= count_.least && !enough_since_) enough_since_ = now;
  return enough_since_ && now - *enough_since_ > others_have && ready == joined;
}

node_wait::node_wait(setup given, clock::time_point began)
  : given_(std::move(given)), began_(began), said_at_(began), patience_(first_patience), quorum_(given_.count) {}

bool node_wait::is_reached(const present& now_here, clock::time_point now) {
  const bool enough = quorum_.is_reached(static_cast<int>(now_here.ready.size()), now_here.joined, now);
  return enough &&
         std::includes(now_here.ready.begin(), now_here.ready.end(), given_.named.begin(), given_.named.end());
}

std::optional<std::string> node_wait::too_late(const present& now_here, clock::time_point now) const {
  if (!given_.limit_s || seconds_of(now - began_) < *given_.limit_s) return std::nullopt;
  return "--wait-for: waited " + text_of_seconds(*given_.limit_s) + " for " + nodes_text(given_.count.least) + "; " +
         who(now_here) + "; start what is missing, or wait longer";
}

std::optional<std::string> node_wait::news(const present& now_here, clock::time_point now) {
  const bool changed = now_here.ready != told_;
  if (!changed && now - said_at_ < patience_) return std::nullopt;
  patience_ = changed ? clock::duration(first_patience) : std::min<clock::duration>(2 * patience_, longest_patience);
  said_at_ = now;
  told_ = now_here.ready;
  const auto waited = static_cast<long long>(std::llround(seconds_of(now - began_)));
  return fmt::format("waited {} s{}; {}", waited,
                     given_.limit_s ? " of " + text_of_seconds(*given_.limit_s) : std::string(), who(now_here));
}

std::string node_wait::who(const present& now_here) const {
  const auto& here = now_here.ready;
  std::set<std::string> missing;
  std::set_difference(given_.named.begin(), given_.named.end(), here.begin(), here.end(),
                      std::inserter(missing, missing.end()));
  const auto named = static_cast<int>(missing.size());
  const int others = given_.count.least - static_cast<int>(here.size()) - named;
  auto text = "here: " + (here.empty() ? "nobody" : join_text(here)) + "; missing: " + join_text(missing);
  if (others > 0) text += (named > 0 ? " and " : "") + nodes_text(others);
  if (named == 0 && others <= 0) text += "nobody";
  const int coming = now_here.joined - static_cast<int>(here.size());
  return coming > 0 ? text + "; on the way in: " + std::to_string(coming) : text;
}

} // namespace syngrad
