// The certificate, key and CA of this process: what it proves its name with, and how it checks the names of others.
//
// Owns copies of the three files, so that a file that changes or goes away later harms no connection. After load()
// any thread may use it.
#pragma once

#include "actors/nodes/memory_file.hpp"
#include "actors/nodes/network_settings.hpp"
#include "actors/nodes/openssl_handles.hpp"

#include <memory>
#include <string>
#include <vector>

namespace syngrad {

inline constexpr std::size_t longest_certificate = 64 << 10; // PEM, with what stands between it and the CA

class tls_credentials {
public:
  // Refuses files that cannot be read or do not belong together, and a certificate that is out of date.
  static result<std::shared_ptr<const tls_credentials>> load(const tls_files&);

  const std::string& name() const { return name_; } // the certificate's common name
  const std::string& certificate() const { return certificate_pem_; }

  // Paths to the copies, valid in this process as long as this object lives.
  tls_files copies() const;

  std::vector<char> sign(const std::string& statement) const;
  // Whether `signature` under `statement` was made with the key of a certificate that our CA issued to `name`.
  status verify(const std::string& certificate_pem, const std::string& name, const std::string& statement,
                const std::vector<char>& signature) const;

  // For a client connection that sends our certificate and checks the other's chain.
  ssl_context_handle client_context() const;

private:
  tls_credentials() = default;
  status take_certificate(const std::string& path);
  status take_key(const std::string& path);
  status take_ca(const std::string& path);
  // Why the chain does not lead to our CA today; success where it does.
  status check_chain(STACK_OF(X509) * certificates) const;

  std::string name_, certificate_pem_;
  certificates_handle certificates_; // ours first
  key_handle key_;
  store_handle trusted_;
  memory_file certificate_copy_, key_copy_, ca_copy_;
};

} // namespace syngrad
