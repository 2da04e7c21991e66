// A private certificate authority for the nodes of a cluster: P-256 keys, X.509 certificates, everything as PEM text.
// Nothing touches the disk here. One thread at a time.
#pragma once

#include "actors/nodes/openssl_handles.hpp"
#include "runtime/result.hpp"

#include <string>
#include <vector>

namespace syngrad {

class certificate_authority {
public:
  struct issued {
    std::string certificate, key; // PEM
  };

  // A new CA whose own certificate, and whatever it issues, is good for `days`.
  static result<certificate_authority> create(const std::string& name, int days);

  // From its certificate and key. Refuses a certificate that is none of a CA, and a key that is not its own.
  static result<certificate_authority> open(const std::string& certificate_pem, const std::string& key_pem);

  // The same CA with a new certificate: what it has issued stays good.
  result<certificate_authority> renewed(int days) const;

  // For the node `name`, as client and as server; `hosts` are further names or IP addresses of its machine.
  // Not beyond the CA's own end.
  result<issued> issue(const std::string& name, const std::vector<std::string>& hosts, int days) const;

  // The list of what is no longer good (CRL, PEM): what `earlier` has (empty: nothing) and these serial numbers
  // (hexadecimal). It lasts as long as the CA.
  result<std::string> revoke(const std::string& earlier, const std::vector<std::string>& serials) const;

  const issued& own() const { return own_; }

private:
  key_handle key_;
  certificate_handle certificate_;
  issued own_;
};

} // namespace syngrad
