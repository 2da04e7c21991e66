#include "actors/nodes/network_settings.hpp"

#include "actors/nodes/addresses.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <cerrno>
#include <fmt/core.h>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace syngrad {

namespace {

// An IPv6 address as it is usually written, or IPv4 where it only dresses that up. Empty where it is none.
std::string usual_ipv6(const std::string& text) {
  const auto scope = text.find('%');
  in6_addr address;
  if (inet_pton(AF_INET6, text.substr(0, scope).c_str(), &address) != 1) return "";
  char usual[INET6_ADDRSTRLEN] = "";
  if (IN6_IS_ADDR_V4MAPPED(&address)) return inet_ntop(AF_INET, address.s6_addr + 12, usual, sizeof usual);
  inet_ntop(AF_INET6, &address, usual, sizeof usual);
  return usual + (scope == std::string::npos ? "" : text.substr(scope));
}

// Resolvers take one to four numbers, octal and hexadecimal ones, too: 0177.1 is 127.0.0.1 to them, and 10.1
// is 10.0.0.1.
status check_spelling(const std::string& host) {
  in_addr address;
  if (inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_aton(host.c_str(), &address) == 0) return ok();
  char usual[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &address, usual, sizeof usual);
  return error::setting("'" + host + "' is an unusual spelling of the address " + usual +
                        "; write that, if you mean it");
}

bool is_host_letter(unsigned char c) {
  return std::isalnum(c) || c == '-' || c == '_' || c == '.';
}

error expected(const std::string& text, const std::string& example) {
  return {error_kind::setting, "expected HOST:PORT, such as " + example + " or [::1]:7000, got '" + text + "'"};
}

result<endpoint> parse(const std::string& text, const std::string& example) {
  const auto colon = text.rfind(':');
  endpoint out;
  if (colon == std::string::npos) return expected(text, example);
  const auto port = parse_number<std::uint16_t>(std::string_view(text).substr(colon + 1));
  if (!port) return expected(text, example);
  out.port = *port;
  out.host = text.substr(0, colon);
  if (out.host.empty() || out.host.size() > longest_host) return expected(text, example);
  if (out.host.front() == '[' && out.host.back() == ']') {
    out.host = usual_ipv6(out.host.substr(1, out.host.size() - 2));
    return out.host.empty() ? result<endpoint>(expected(text, example)) : out;
  }
  if (!std::all_of(out.host.begin(), out.host.end(), is_host_letter)) return expected(text, example);
  if (auto usual = check_spelling(out.host); !usual) return usual.failure();
  return out;
}

// 0, or the errno.
int try_to_listen(const addrinfo& address) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const auto failed = ::bind(socket, address.ai_addr, address.ai_addrlen) < 0 || ::listen(socket, 1) < 0 ? errno : 0;
  ::close(socket);
  return failed;
}

std::string remedy(int error_number) {
  switch (error_number) {
  case EADDRINUSE:
    return "; choose another port, or 0 for any free one";
  case EADDRNOTAVAIL:
    return "; it is no address of this machine: use *:PORT for all of its addresses, and --advertise for the one "
           "that others reach";
  case EACCES:
    return "; ports below 1024 are the administrator's: choose a higher one";
  default:
    return "";
  }
}

} // namespace

result<endpoint> parse_endpoint(const std::string& text) {
  const auto host = text.substr(0, text.rfind(':'));
  const std::string example = "10.0.0.1:7000";
  auto out = host == "*" ? result<endpoint>(endpoint{"0.0.0.0", 0}) : parse(text, example);
  if (out && (out->host == "0.0.0.0" || out->host == "::"))
    return error::setting("'" + text +
                          "' says where to listen, not where to be found: " + expected(text, example).message);
  return out;
}

result<endpoint> parse_listening(const std::string& text) {
  const auto colon = text.rfind(':');
  const auto host = text.substr(0, colon);
  const bool everywhere = colon != std::string::npos && (host.empty() || host == "*");
  auto out = parse(everywhere ? "0.0.0.0" + text.substr(colon) : text, "*:7000, 10.0.0.1:7000");
  if (!out && everywhere) return expected(text, "*:7000, 10.0.0.1:7000");
  return out;
}

result<port_range> parse_port_range(const std::string& text) {
  const auto dash = text.find('-');
  const auto view = std::string_view(text);
  const auto first = parse_number<std::uint16_t>(view.substr(0, dash));
  const auto last = parse_number<std::uint16_t>(dash == std::string::npos ? view : view.substr(dash + 1));
  if (!first || !last || *first == 0 || *last < *first)
    return error::setting("expected FIRST-LAST, such as 7000-7010, got '" + text + "'");
  return port_range{*first, *last};
}

std::string to_text(const endpoint& where) {
  const auto host = where.host.find(':') == std::string::npos ? where.host : "[" + where.host + "]";
  return fmt::format("{}:{}", host, where.port);
}

std::string listening_fault(const endpoint& where) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const auto code = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &wanted, &found);
  if (code != 0)
    return "cannot resolve '" + where.host + "': " + ::gai_strerror(code) + "; give an address of this machine";
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  int failed = 0;
  for (const auto* address = found; address && failed == 0; address = address->ai_next)
    failed = try_to_listen(*address);
  if (failed == 0) return "the port was in use a moment ago; try again";
  return std::generic_category().message(failed) + remedy(failed);
}

status tls_files::check() const {
  if (any() && !complete()) return error::setting("TLS needs all three of --tls-cert, --tls-key and --tls-ca");
  return ok();
}

status check_node_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (name.empty() || name.size() > longest_name || !std::all_of(name.begin(), name.end(), allowed))
    return error::setting(fmt::format(
      "a node's name has 1 to {} letters, digits, '-', '_' or '.'; give another one with --name", longest_name));
  return ok();
}

status check_exposure(const network_settings& settings, const endpoint& where, const resolved_host& meaning,
                      const std::string& option) {
  if (auto whole = settings.tls.check(); !whole) return whole;
  if (settings.tls.complete() || settings.insecure || meaning.is_loopback()) return ok();
  std::string others; // a name may stand for several
  for (const auto& each : meaning.addresses)
    if (each != where.host && !is_loopback_address(each)) others += (others.empty() ? "" : ", ") + each;
  return error::setting(
    option + " " + to_text(where) + (others.empty() ? "" : " (" + others + ")") +
    " leaves this machine: protect it with --tls-cert, --tls-key and --tls-ca (`syngrad certs DIR` makes "
    "them), or say --insecure to trust whoever reaches the port");
}

} // namespace syngrad
