#include "tests/actors/nodes/test_cluster.hpp"

#include "actors/nodes/certificates.hpp"
#include "runtime/io/text_file.hpp"

#include <fstream>
#include <stdexcept>
#include <stdlib.h>

namespace syngrad::test {

namespace {

std::filesystem::path new_folder() {
  auto path = (std::filesystem::temp_directory_path() / "syngrad-certs-XXXXXX").string();
  if (!::mkdtemp(path.data())) throw std::runtime_error("cannot make a temporary folder");
  return path;
}

} // namespace

test_cluster::test_cluster(int days)
  : folder_(new_folder()), authority_(std::move(*certificate_authority::create("test CA", days))) {
  write("ca.pem", authority_.own().certificate);
}

test_cluster::~test_cluster() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

tls_files test_cluster::files_of(const std::string& name, int days) const {
  const auto issued = authority_.issue(name, {"127.0.0.1"}, days);
  if (!issued) throw std::runtime_error(issued.message());
  return {write(name + ".pem", issued->certificate), write(name + "-key.pem", issued->key), ca()};
}

std::string test_cluster::revoke(const std::vector<tls_files>& files) const {
  std::vector<std::string> serials;
  for (const auto& each : files) {
    const auto pem = read_text_file(each.certificate);
    serials.push_back(facts_of_pem(pem.value()).value().serial);
  }
  return write("crl.pem", authority_.revoke("", serials).value());
}

std::string test_cluster::write(const std::string& name, const std::string& contents) const {
  const auto path = folder_ / name;
  std::ofstream(path) << contents;
  return path.string();
}

} // namespace syngrad::test
