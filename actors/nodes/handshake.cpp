#include "actors/nodes/handshake.hpp"

#include <fmt/core.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace syngrad {

namespace {

constexpr std::size_t longest_version = 64;
constexpr std::size_t longest_signature = 1024; // RSA with 4096 bits has 512

void fill_random(void* bytes, std::size_t size) {
  if (RAND_bytes(static_cast<unsigned char*>(bytes), static_cast<int>(size)) != 1)
    throw std::runtime_error("the random source of OpenSSL does not work: " + take_openssl_error());
}

// Fields one after the other, each after its length: no two different statements have the same bytes.
class statement {
public:
  explicit statement(const std::string& purpose) { add(purpose); }
  void add(const std::string& field) { append(field.data(), field.size()); }
  void add(const std::vector<char>& field) { append(field.data(), field.size()); }
  void add(std::uint64_t number) { add(std::to_string(number)); }
  std::string take() { return std::move(bytes_); }

private:
  void append(const char* data, std::size_t size) {
    bytes_ += fmt::format("{}:", size);
    bytes_.append(data, size);
  }

  std::string bytes_;
};

std::string statement_of(const std::string& side, const hello& first, const challenge& second) {
  statement out("syngrad handshake " + std::to_string(protocol_version) + " " + side);
  out.add(first.name);
  out.add(first.instance);
  out.add(first.version);
  out.add(first.role);
  out.add(first.host);
  out.add(first.port);
  out.add(first.nonce);
  out.add(second.name);
  out.add(second.instance);
  out.add(second.version);
  out.add(second.nonce);
  return out.take();
}

std::optional<std::string> fault_of_proof(const std::string& certificate, const std::vector<char>& signature,
                                          const std::string& name, const std::string& said, const local_party& judge) {
  if (!judge.credentials) return std::nullopt;
  if (certificate.empty() || signature.empty())
    return "'" + name + "' sent no certificate to '" + judge.identity.name +
           "', which wants one; give both sides --tls-cert, --tls-key and --tls-ca";
  if (signature.size() > longest_signature) return "the signature of '" + name + "' is too long";
  if (const auto valid = judge.credentials->verify(certificate, name, said, signature); !valid)
    return "'" + judge.identity.name + "' does not believe that this is '" + name + "': " + valid.message();
  return std::nullopt;
}

} // namespace

std::vector<char> random_nonce() {
  std::vector<char> out(nonce_size);
  fill_random(out.data(), out.size());
  return out;
}

std::uint64_t random_instance() {
  std::uint64_t out = 0;
  while (out == 0) fill_random(&out, sizeof out);
  return out;
}

hello make_hello(const local_party& self, const std::string& role) {
  const auto& who = self.identity;
  return {protocol_version, who.version,      who.name,      who.instance, role,
          who.address.host, who.address.port, random_nonce()};
}

challenge make_challenge(const local_party& self, const hello& first, std::vector<char> nonce) {
  challenge out;
  out.version = self.identity.version;
  out.name = self.identity.name;
  out.instance = self.identity.instance;
  out.nonce = std::move(nonce);
  out.hello_nonce = first.nonce;
  if (self.credentials) {
    out.certificate = self.credentials->certificate();
    out.signature = self.credentials->sign(statement_of("gatekeeper", first, out));
  }
  return out;
}

proof make_proof(const local_party& self, const hello& first, const challenge& second) {
  proof out;
  out.nonce = second.nonce;
  if (self.credentials) {
    out.certificate = self.credentials->certificate();
    out.signature = self.credentials->sign(statement_of("initiator", first, second));
  }
  return out;
}

std::optional<std::string> fault_of(const hello& said, const local_party& self) {
  const auto& own = self.identity;
  const auto version = printable(said.version);
  if (said.protocol != protocol_version || (said.version != own.version && said.version.size() <= longest_version))
    return fmt::format(
      "'{}' runs syngrad {} (protocol {}) and '{}' runs syngrad {} (protocol {}): install the same version on both",
      printable(said.name), version, said.protocol, own.name, own.version, protocol_version);
  if (said.version.size() > longest_version || said.host.size() > longest_host || said.nonce.size() != nonce_size ||
      said.instance == 0)
    return "'" + printable(said.name) + "' sent a malformed greeting to '" + own.name + "'";
  if (!check_node_name(said.name)) return "'" + printable(said.name) + "' is no name for a node; give one with --name";
  if (said.role != role::node && said.role != role::peer && said.role != role::observer)
    return "'" + said.name + "' asks '" + own.name + "' for something unknown: '" + printable(said.role) + "'";
  if (said.instance == own.instance)
    return "'" + own.name + "' is connected to itself; give the other process's address (--join, or --advertise there)";
  return std::nullopt;
}

std::optional<std::string> fault_of(const challenge& said, const hello& first, const local_party& self) {
  if (!check_node_name(said.name) || said.version.size() > longest_version || said.nonce.size() != nonce_size ||
      said.instance == 0)
    return "the other side sent a malformed greeting";
  return fault_of_proof(said.certificate, said.signature, said.name, statement_of("gatekeeper", first, said), self);
}

std::optional<std::string> fault_of(const proof& said, const hello& first, const challenge& second,
                                    const local_party& self) {
  return fault_of_proof(said.certificate, said.signature, first.name, statement_of("initiator", first, second), self);
}

process_identity identity_of(const hello& said) {
  return {said.name, said.instance, said.version, {said.host, said.port}};
}

std::string printable(const std::string& text, std::size_t most) {
  auto out = text.substr(0, most);
  for (auto& c : out)
    if (c < ' ' || c > '~') c = '?';
  return text.size() > most ? out + "..." : out;
}

} // namespace syngrad
