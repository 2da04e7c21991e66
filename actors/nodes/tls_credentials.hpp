// The certificate, key and CA of this process: what it proves its name with, and how it checks the names of others.
//
// Reads the three files once: one that changes or goes away later harms no connection, and a connection opens no file.
// After load() any thread may use it.
#pragma once

#include "actors/nodes/network_settings.hpp"
#include "actors/nodes/openssl_handles.hpp"

#include <memory>
#include <string>
#include <vector>

namespace syngrad {

inline constexpr std::size_t longest_certificate = 64 << 10; // PEM, with what stands between it and the CA

class tls_credentials {
public:
  // Refuses files that cannot be read or do not belong together, and a certificate that is out of date or revoked.
  static result<std::shared_ptr<const tls_credentials>> load(const tls_files&);

  const std::string& name() const { return name_; } // the certificate's common name
  const std::string& certificate() const { return certificate_pem_; }
  // Lines for the user, of what expires soon.
  const std::vector<std::string>& warnings() const { return warnings_; }

  std::vector<char> sign(const std::string& statement) const;
  // Whether `signature` under `statement` was made with the key of a certificate that our CA issued to `name`.
  status verify(const std::string& certificate_pem, const std::string& name, const std::string& statement,
                const std::vector<char>& signature) const;

  // Sends our certificate and asks for one of our CA; says which CA that is, if it connects, and goes on with nobody
  // who names another or none, if it accepts. Nothing of a connection is kept for a later one. Null: OpenSSL has no
  // memory.
  enum class side { accepts, connects };
  ssl_handle connection(side) const;

private:
  tls_credentials() = default;
  status take_certificate(const std::string& path);
  status take_key(const std::string& path);
  status take_ca(const std::string& path);
  // From then on no chain is good that has a certificate of the list.
  status take_revocations(const tls_files&);
  void look_at_dates(const tls_files&);
  std::vector<X509*> authorities() const;
  // The name of the CA that the chain leads to (authority_name); why it leads to none of ours today.
  result<std::string> authority_of(STACK_OF(X509) * certificates) const;
  status make_context();
  static int admit(SSL*, int* alert, void* self); // OpenSSL calls it once the other side has spoken

  std::string name_, certificate_pem_, authority_;
  std::vector<std::string> known_authorities_;
  std::vector<std::string> warnings_;
  certificates_handle certificates_; // ours first
  key_handle key_;
  store_handle trusted_;
  ssl_context_handle context_;
};

} // namespace syngrad
