// A private CA and the files that it issues, in a temporary folder that goes away with this object.
#pragma once

#include "actors/nodes/certificates.hpp"
#include "actors/nodes/network_settings.hpp"

#include <filesystem>
#include <string>

namespace syngrad::test {

class test_cluster {
public:
  explicit test_cluster(int days = 10);
  ~test_cluster();
  test_cluster(const test_cluster&) = delete;
  test_cluster& operator=(const test_cluster&) = delete;

  tls_files files_of(const std::string& name, int days = 10) const;              // issued now
  std::string write(const std::string& name, const std::string& contents) const; // the path
  // Puts all certificates of these files on the list crl.pem beside ca.pem; returns its path.
  std::string revoke(const std::vector<tls_files>&) const;
  std::string ca() const { return (folder_ / "ca.pem").string(); }

private:
  std::filesystem::path folder_;
  certificate_authority authority_;
};

} // namespace syngrad::test
