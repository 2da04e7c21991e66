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

  // For the node `name`, as client and as server; `hosts` are further names or IP addresses of its machine.
  result<issued> issue(const std::string& name, const std::vector<std::string>& hosts, int days) const;

  const issued& own() const { return own_; }

private:
  key_handle key_;
  certificate_handle certificate_;
  issued own_;
};

} // namespace syngrad
