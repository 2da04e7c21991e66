#include "tools/nodes/certificate_folder.hpp"

#include "runtime/io/file_descriptor.hpp"
#include "runtime/io/text_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace syngrad::tools {

namespace fs = std::filesystem;

namespace {

constexpr const char* issued_folder = "issued";
constexpr const char* list_name = "crl.pem";

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string kept_name(const certificate_facts& facts) {
  return std::string(issued_folder) + "/" + facts.serial + ".pem";
}

// Nobody but the owner may read it, from the first byte on; whole or not at all.
status write_private(const std::string& path, const std::string& contents) {
  const auto aside = path + ".new";
  ::unlink(aside.c_str()); // of a process that was killed: this one has the folder
  auto file = file_descriptor::create_private(aside);
  if (!file) return file.failure();
  for (auto done : {file->write(contents), file->synchronize(), file->close()})
    if (!done) {
      ::unlink(aside.c_str());
      return done;
    }
  if (std::rename(aside.c_str(), path.c_str()) == 0) return ok();
  const auto failed = errno;
  ::unlink(aside.c_str());
  return file_error("replace", path, failed);
}

std::set<std::string> serials_in(const std::string& list_pem) {
  std::set<std::string> out;
  const revocations_handle list(PEM_read_bio_X509_CRL(read_from(list_pem).get(), nullptr, nullptr, nullptr));
  if (!list) return out;
  auto* const entries = X509_CRL_get_REVOKED(list.get());
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
    const std::unique_ptr<BIGNUM, openssl_deleter<BN_free>> number(
      ASN1_INTEGER_to_BN(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(entries, i)), nullptr));
    char* const text = BN_bn2hex(number.get());
    out.insert(text);
    OPENSSL_free(text);
  }
  return out;
}

} // namespace

result<certificate_folder> certificate_folder::open(const std::string& path, const std::string& key) {
  certificate_folder out;
  out.path_ = path;
  out.key_ = key.empty() ? out.file("ca-key.pem") : key;
  std::error_code failed;
  fs::create_directories(out.path_, failed);
  if (failed) return file_error("create", path, failed.value());
  const int number = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) return file_error("open", path, errno);
  out.lock_ = std::shared_ptr<void>(nullptr, [number](void*) { ::close(number); });
  if (::flock(number, LOCK_EX | LOCK_NB) != 0)
    return error::busy("another process works in '" + path + "'; wait until it is done");
  return out;
}

bool certificate_folder::has_authority() const {
  return is_there(path_ / "ca.pem");
}

result<certificate_authority> certificate_folder::authority() const {
  const auto certificate = read_text_file(file("ca.pem"));
  if (!certificate) return certificate.failure();
  auto key = read_text_file(key_);
  if (!key)
    return error{key.kind(), key.message() + "; where the CA's key is kept elsewhere, say where with --ca-key FILE"};
  auto out = certificate_authority::open(*certificate, *key);
  OPENSSL_cleanse(key->data(), key->size());
  if (!out) return out.failure().prefixed("'" + file("ca.pem") + "' and '" + key_ + "': ");
  return out;
}

status certificate_folder::write(const std::vector<new_file>& files) const {
  std::error_code failed;
  fs::create_directories(path_ / issued_folder, failed);
  if (failed) return file_error("create", file(issued_folder), failed.value());
  for (const auto& each : files)
    if (auto written = write_private(file(each.name), each.contents); !written) return written;
  return ok();
}

result<std::vector<certificate_folder::new_file>> certificate_folder::issue(const certificate_authority& authority,
                                                                            const std::vector<std::string>& names,
                                                                            const wish& wanted) const {
  std::vector<new_file> out;
  for (const auto& name : names) {
    auto hosts = wanted.hosts;
    if (const auto before = facts_of_file(name + ".pem"); before && hosts.empty()) hosts = before->hosts;
    const auto made = authority.issue(name, hosts, wanted.days);
    if (!made) return made.failure();
    const auto facts = facts_of_pem(made->certificate);
    if (!facts) return facts.failure();
    out.push_back({kept_name(*facts), made->certificate}); // first: what is not there cannot be revoked
    out.push_back({name + "-key.pem", made->key});
    out.push_back({name + ".pem", made->certificate});
  }
  return out;
}

status certificate_folder::create(const std::vector<std::string>& names, const wish& wanted) {
  const auto authority = certificate_authority::create("syngrad CA", wanted.days);
  if (!authority) return authority.failure();
  auto files = issue(*authority, names, wanted);
  if (!files) return files.failure();
  for (const auto& each : *files)
    if (is_there(path_ / each.name))
      return error::setting("'" + file(each.name) +
                            "' exists, and is not overwritten by that of a new CA; give another folder");
  files->insert(files->begin(), {{"ca-key.pem", authority->own().key}, {"ca.pem", authority->own().certificate}});
  return write(*files);
}

status certificate_folder::add(const std::vector<std::string>& names, const wish& wanted) {
  for (const auto& name : names)
    for (const auto* end : {".pem", "-key.pem"})
      if (is_there(path_ / (name + end)))
        return error::setting("'" + file(name + end) + "' exists, and its node may rely on it: --renew " + name +
                              " replaces it, and other names are added beside it");
  const auto by = authority();
  if (!by) return by.failure();
  const auto files = issue(*by, names, wanted);
  return files ? write(*files) : files.failure();
}

status certificate_folder::renew(const std::vector<std::string>& names, const wish& wanted) {
  auto by = authority();
  if (!by) return by.failure();
  std::vector<std::string> nodes;
  bool own = false;
  for (const auto& name : names) {
    own = own || name == "ca";
    if (name != "ca") nodes.push_back(name);
    if (name != "ca" && certificates_of(name).empty())
      return error::setting("'" + path_.string() + "' has no certificate of '" + name + "' to renew; --names " + name +
                            " makes the first one");
  }
  std::vector<new_file> files;
  if (own) { // first, so that nodes may last as long
    auto renewed = by->renewed(wanted.days);
    if (!renewed) return renewed.failure();
    by = std::move(renewed);
    files.push_back({"ca.pem", by->own().certificate});
  }
  const auto issued = issue(*by, nodes, wanted);
  if (!issued) return issued.failure();
  files.insert(files.end(), issued->begin(), issued->end());
  if (auto written = write(files); !written) return written;
  return own && is_there(path_ / list_name) ? sign_list(*by, {}) : ok(); // a list ends with its CA
}

result<int> certificate_folder::revoke(const std::vector<std::string>& names) {
  const auto by = authority();
  if (!by) return by.failure();
  std::set<std::string> serials;
  for (const auto& name : names) {
    const auto files = certificates_of(name);
    if (files.empty())
      return error::setting("'" + path_.string() + "' has no certificate of '" + name +
                            "'; --list shows what there is");
    for (const auto& each : files)
      if (const auto facts = facts_of_file(each)) serials.insert(facts->serial);
  }
  if (auto done = sign_list(*by, {serials.begin(), serials.end()}); !done) return done.failure();
  return static_cast<int>(serials.size());
}

status certificate_folder::sign_list(const certificate_authority& by, const std::vector<std::string>& serials) const {
  std::string earlier;
  if (is_there(path_ / list_name)) {
    auto read = read_text_file(file(list_name));
    if (!read) return read.failure();
    earlier = std::move(*read);
  }
  const auto list = by.revoke(earlier, serials);
  if (!list) return list.failure().prefixed("'" + file(list_name) + "': ");
  return write({{list_name, *list}});
}

result<certificate_facts> certificate_folder::facts_of_file(const std::string& name) const {
  const auto pem = read_text_file(file(name));
  if (!pem) return pem.failure();
  return facts_of_pem(*pem);
}

// The node's own file first, which a folder of an earlier version has alone.
std::vector<std::string> certificate_folder::certificates_of(const std::string& name) const {
  std::vector<std::string> out;
  if (const auto own = facts_of_file(name + ".pem"); own && own->name == name) out.push_back(name + ".pem");
  std::error_code ignored;
  for (const auto& each : fs::directory_iterator(path_ / issued_folder, ignored)) {
    const auto kept = std::string(issued_folder) + "/" + each.path().filename().string();
    if (const auto facts = facts_of_file(kept); facts && facts->name == name) out.push_back(kept);
  }
  return out;
}

result<std::vector<certificate_folder::row>> certificate_folder::list() const {
  const auto own = facts_of_file("ca.pem");
  if (!own) return own.failure();
  std::set<std::string> revoked, current, seen;
  if (const auto pem = read_text_file(file(list_name))) revoked = serials_in(*pem);
  std::vector<row> out;
  const auto take = [&](const std::string& name) {
    const auto facts = facts_of_file(name);
    if (!facts || !seen.insert(facts->serial).second || facts->serial == own->serial) return;
    out.push_back({*facts, false, revoked.contains(facts->serial), !current.contains(facts->serial)});
  };
  std::vector<std::string> kept;
  std::error_code ignored;
  for (const auto& each : fs::directory_iterator(path_, ignored)) {
    const auto name = each.path().filename().string();
    if (!name.ends_with(".pem") || name.ends_with("-key.pem") || name == "ca.pem" || name == list_name) continue;
    if (const auto facts = facts_of_file(name)) current.insert(facts->serial);
    kept.push_back(name);
  }
  for (const auto& each : fs::directory_iterator(path_ / issued_folder, ignored))
    kept.push_back(std::string(issued_folder) + "/" + each.path().filename().string());
  for (const auto& each : kept) take(each);
  std::sort(out.begin(), out.end(), [](const row& a, const row& b) {
    return std::tie(a.facts.name, b.facts.from_s) < std::tie(b.facts.name, a.facts.from_s);
  });
  out.insert(out.begin(), {*own, true, false, false});
  return out;
}

std::string certificate_folder::key_warning() const {
  struct stat about {};
  if (::stat(key_.c_str(), &about) != 0 || (about.st_mode & 077) == 0) return "";
  return "'" + key_ + "' can be read by others than its owner, who then make nodes of their own: chmod 600 it";
}

} // namespace syngrad::tools
