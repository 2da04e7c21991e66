// A folder with a certificate authority and what it has issued:
//
//   ca.pem, ca-key.pem        the CA; the key may be kept elsewhere
//   NAME.pem, NAME-key.pem    a node's, as it is to be copied to its machine
//   issued/SERIAL.pem         every certificate that was issued, so that all of a name can be revoked
//   crl.pem                   what is revoked, where anything is
//
// Keys are their owner's only to read. A file appears whole or not at all. One process at a time has the folder.
#pragma once

#include "actors/nodes/certificates.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace syngrad::tools {

class certificate_folder {
public:
  struct row {
    certificate_facts facts;
    bool is_ca = false, revoked = false;
    bool replaced = false; // there is a newer one of the name, and this one is still good
  };
  struct wish {
    std::vector<std::string> hosts; // empty where a certificate is renewed: as they were
    int days = 365;
  };

  // Makes the folder where there is none. `key`: the CA's; empty: ca-key.pem in the folder.
  static result<certificate_folder> open(const std::string& path, const std::string& key);

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  bool has_authority() const;

  // Messages name the file, and what to do. Nothing is changed where they fail before the first file is written.
  status create(const std::vector<std::string>& names, const wish&); // with a new CA
  status add(const std::vector<std::string>& names, const wish&);
  status renew(const std::vector<std::string>& names, const wish&); // "ca": the CA's own certificate
  // All that was issued to these names. Returns how many certificates.
  result<int> revoke(const std::vector<std::string>& names);
  result<std::vector<row>> list() const; // the CA first, then by name and age

  // Who may read the CA's key beside its owner, as a line; empty: nobody.
  std::string key_warning() const;

private:
  struct new_file {
    std::string name, contents;
  };

  result<certificate_authority> authority() const;
  result<std::vector<new_file>> issue(const certificate_authority&, const std::vector<std::string>& names,
                                      const wish&) const;
  status write(const std::vector<new_file>&) const;
  std::vector<std::string> certificates_of(const std::string& name) const; // files, without folder
  result<certificate_facts> facts_of_file(const std::string& name) const;
  status sign_list(const certificate_authority&, const std::vector<std::string>& serials) const;

  std::filesystem::path path_;
  std::string key_;
  std::shared_ptr<void> lock_; // held as long as one of these lives
};

} // namespace syngrad::tools
