#include "actors/nodes/authority_name.hpp"

#include <array>

namespace syngrad {

namespace {

constexpr std::size_t named_by = 16; // bytes of the key's SHA-256

} // namespace

std::string authority_name(X509* authority) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned int size = 0;
  if (X509_pubkey_digest(authority, EVP_sha256(), sum.data(), &size) != 1 || size < named_by) return {};
  constexpr const char* digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < named_by; ++i) {
    out += digits[sum[i] >> 4];
    out += digits[sum[i] & 15];
  }
  return out + ".syngrad";
}

// The extension: length of the list u16, and its only entry: sort u8 (0: a host's name), length u16, the name.
std::string named_authority(SSL* connection) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  constexpr std::size_t header = 5;
  if (SSL_client_hello_get0_ext(connection, TLSEXT_TYPE_server_name, &data, &size) != 1 || size < header) return {};
  const auto number = [&](std::size_t at) { return std::size_t{data[at]} << 8 | data[at + 1]; };
  if (number(0) != size - 2 || data[2] != TLSEXT_NAMETYPE_host_name || number(3) != size - header) return {};
  return {reinterpret_cast<const char*>(data) + header, size - header};
}

} // namespace syngrad
