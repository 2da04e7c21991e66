#include "actors/emulated_network.hpp"

#include "runtime/text.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace syngrad {

namespace {

constexpr double longest_s = 60;
constexpr int most_interface = 1 << 16;
constexpr int most_batches = 256;

error malformed_link(std::string_view term, const std::string& expected) {
  return error::setting("expected " + expected + ", got '" + std::string(term) +
                        "'; write for example delay@1:50ms,rate@1:10MB/s,jitter@*:1..20ms,loss@2:1%");
}

struct named_factor {
  std::string_view name;
  double factor;
};

// "50ms": the number times the factor of its unit; nothing where it is anything else.
template <std::size_t N>
std::optional<double> number_with_unit(std::string_view text, const named_factor (&units)[N]) {
  const auto unit = text.find_first_not_of("0123456789.");
  if (unit == std::string_view::npos) return std::nullopt;
  const auto number = parse_number<double>(text.substr(0, unit));
  const auto found =
    std::find_if(std::begin(units), std::end(units), [&](const auto& each) { return each.name == text.substr(unit); });
  if (!number || !std::isfinite(*number) || found == std::end(units)) return std::nullopt;
  return *number * found->factor;
}

std::optional<std::int64_t> read_time_ns(std::string_view text) {
  static constexpr named_factor units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  const auto ns = number_with_unit(text, units);
  if (!ns || *ns > longest_s * 1e9) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(*ns));
}

std::optional<double> read_rate(std::string_view text) {
  static constexpr named_factor units[] = {{"kB/s", 1e3},     {"MB/s", 1e6},     {"GB/s", 1e9},
                                           {"kbit/s", 125.0}, {"Mbit/s", 125e3}, {"Gbit/s", 125e6}};
  const auto rate = number_with_unit(text, units);
  return rate && *rate >= 1 ? rate : std::nullopt;
}

std::optional<double> read_share(std::string_view text) {
  static constexpr named_factor units[] = {{"%", 0.01}};
  const auto share = number_with_unit(text, units);
  return share && *share <= 0.5 ? share : std::nullopt;
}

bool read_delay(std::string_view text, link_conditions& out, bool& in_batches) {
  in_batches = text.ends_with('b');
  if (in_batches) {
    const auto batches = parse_number<int>(text.substr(0, text.size() - 1));
    out.delay_batches = batches.value_or(-1);
    return out.delay_batches >= 0 && out.delay_batches <= most_batches;
  }
  const auto time = read_time_ns(text);
  out.delay_ns = time.value_or(0);
  return time.has_value();
}

// "1..20ms", "20ms": from none on.
bool read_jitter(std::string_view text, link_conditions& out) {
  static constexpr std::string_view to = "..";
  const auto middle = text.find(to);
  if (middle == std::string_view::npos) {
    const auto most = read_time_ns(text);
    out.most_jitter_ns = most.value_or(0);
    return most.has_value();
  }
  const auto last = text.substr(middle + to.size());
  const auto unit = last.find_first_not_of("0123456789.");
  auto first = std::string(text.substr(0, middle));
  if (first.find_first_not_of("0123456789.") == std::string::npos && unit != std::string_view::npos)
    first += last.substr(unit);
  const auto least = read_time_ns(first), most = read_time_ns(last);
  if (!least || !most || *least > *most) return false;
  out.least_jitter_ns = *least;
  out.most_jitter_ns = *most;
  return true;
}

} // namespace

result<emulated_network::term> emulated_network::parse_term(std::string_view text) {
  const auto at = text.find('@'), colon = text.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon < at)
    return malformed_link(text, "terms of the form delay@INTERFACE:50ms with commas between");
  const auto name = text.substr(0, at), where = text.substr(at + 1, colon - at - 1), value = text.substr(colon + 1);
  term out;
  if (where != "*") {
    const auto interface = parse_number<int>(where);
    if (!interface || *interface < 0 || *interface > most_interface)
      return malformed_link(text, "the number of an interface, which is that of the group below it, or * behind the @");
    out.where = *interface;
  }
  auto& says = out.value;
  if (name == "delay") {
    bool in_batches = false;
    if (!read_delay(value, says, in_batches))
      return malformed_link(text, "a time of at most 60s, such as 50ms, or a number of batches of at most 256, such as "
                                  "3b, as a delay");
    out.what = in_batches ? kind::delay_in_batches : kind::delay;
    return out;
  }
  if (name == "jitter") {
    out.what = kind::jitter;
    if (!read_jitter(value, says))
      return malformed_link(text, "times of at most 60s from least to most, such as 1..20ms, as a jitter");
    return out;
  }
  if (name == "rate") {
    out.what = kind::rate;
    const auto rate = read_rate(value);
    if (!rate) return malformed_link(text, "a rate in kB/s, MB/s, GB/s, kbit/s, Mbit/s or Gbit/s");
    says.bytes_per_s = *rate;
    return out;
  }
  if (name == "loss") {
    out.what = kind::loss;
    const auto share = read_share(value);
    if (!share) return malformed_link(text, "a share of the messages from 0% to 50% as a loss");
    says.loss = *share;
    return out;
  }
  return malformed_link(text, "delay, jitter, rate or loss before the @");
}

result<emulated_network> emulated_network::parse(const std::string& text) {
  emulated_network out;
  if (text == "none" || text.empty()) return out;
  out.text_ = text;
  for (const auto part : split_text(text, ',')) {
    auto read = parse_term(part);
    if (!read) return read.failure();
    const bool twice = std::any_of(out.terms_.begin(), out.terms_.end(), [&](const term& each) {
      return each.what == read->what && each.where == read->where;
    });
    if (twice)
      return error::setting("expected each term once for an interface, got '" + std::string(part) +
                            "' after another of that kind; leave one of them out");
    out.terms_.push_back(*read);
  }
  return out;
}

link_conditions emulated_network::at(int interface) const {
  link_conditions out;
  const auto take = [&out](const term& each) {
    switch (each.what) {
    case kind::delay:
      out.delay_ns = each.value.delay_ns;
      break;
    case kind::delay_in_batches:
      out.delay_batches = each.value.delay_batches;
      break;
    case kind::jitter:
      out.least_jitter_ns = each.value.least_jitter_ns;
      out.most_jitter_ns = each.value.most_jitter_ns;
      break;
    case kind::rate:
      out.bytes_per_s = each.value.bytes_per_s;
      break;
    case kind::loss:
      out.loss = each.value.loss;
      break;
    }
  };
  for (const auto& each : terms_)
    if (each.where == everywhere) take(each);
  for (const auto& each : terms_)
    if (each.where == interface) take(each);
  return out;
}

bool emulated_network::is_in_batches() const {
  return std::any_of(terms_.begin(), terms_.end(),
                     [](const term& each) { return each.what == kind::delay_in_batches; });
}

bool emulated_network::is_in_time() const {
  return std::any_of(terms_.begin(), terms_.end(),
                     [](const term& each) { return each.what != kind::delay_in_batches; });
}

int emulated_network::highest_interface() const {
  int highest = everywhere;
  for (const auto& each : terms_) highest = std::max(highest, each.where);
  return highest;
}

} // namespace syngrad
