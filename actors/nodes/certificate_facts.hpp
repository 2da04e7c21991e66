// What a certificate says of itself, for people and for whoever replaces it. Plain values.
#pragma once

#include "actors/nodes/openssl_handles.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

constexpr std::int64_t day_s = 86400;

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

} // namespace syngrad
