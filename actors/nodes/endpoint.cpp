#include "actors/nodes/endpoint.hpp"

#include <charconv>

namespace syngrad {

namespace {

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failed == std::errc{} && end == text.data() + text.size();
}

} // namespace

result<endpoint> parse_endpoint(const std::string& text) {
  const error expected{"expected HOST:PORT, such as 10.0.0.1:7000 or [::1]:7000, got '" + text + "'"};
  const auto colon = text.rfind(':');
  endpoint out;
  if (colon == std::string::npos || !parse_port(std::string_view(text).substr(colon + 1), out.port)) return expected;
  out.host = text.substr(0, colon);
  if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']')
    out.host = out.host.substr(1, out.host.size() - 2);
  else if (out.host.find(':') != std::string::npos)
    return expected;
  if (out.host.empty() || out.host.size() > longest_host) return expected;
  return out;
}

result<port_range> parse_port_range(const std::string& text) {
  const auto dash = text.find('-');
  const auto view = std::string_view(text);
  port_range out;
  if (!parse_port(view.substr(0, dash), out.first) ||
      !parse_port(dash == std::string::npos ? view : view.substr(dash + 1), out.last) || out.first == 0 ||
      out.last < out.first)
    return error{"expected FIRST-LAST, such as 7000-7010, got '" + text + "'"};
  return out;
}

std::string to_text(const endpoint& where) {
  const auto host = where.host.find(':') == std::string::npos ? where.host : "[" + where.host + "]";
  return host + ":" + std::to_string(where.port);
}

bool is_every_address(const endpoint& where) {
  return where.host == "0.0.0.0" || where.host == "::";
}

bool is_loopback(const endpoint& where) {
  return where.host == "localhost" || where.host == "::1" || where.host.starts_with("127.");
}

} // namespace syngrad
