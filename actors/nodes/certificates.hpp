// Certificates: what they say of themselves, and the private authority that makes and revokes them.
#pragma once

#include "actors/nodes/openssl_handles.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

constexpr std::int64_t day_s = 86400;

// What a certificate says of itself, for people and for whoever replaces it. Plain values.
struct certificate_facts {
  std::string name;                     // the common name
  std::string serial;                   // hexadecimal: no two of a CA have the same
  std::int64_t from_s = 0, until_s = 0; // seconds since 1970
  std::vector<std::string> hosts;       // beside the name

  std::int64_t days_left(std::int64_t now_s) const { return (until_s - now_s) / day_s; } // whole ones
};

certificate_facts facts_of(X509*);
// Of the first certificate of a PEM text.
result<certificate_facts> facts_of_pem(const std::string& pem);

std::string date_text(std::int64_t seconds); // "2027-01-31", UTC

// A line for users where it ends soon: within 30 days and the last quarter of its time. Empty else. `title` names the
// file, `remedy` the command.
std::string expiry_warning(const certificate_facts&, std::int64_t now_s, const std::string& title,
                           const std::string& remedy);

// A private certificate authority for the nodes of a cluster: P-256 keys, X.509 certificates, everything as PEM text.
// Nothing touches the disk here. One thread at a time.
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
