#include "actors/nodes/certificates.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ctime>
#include <utility>

namespace syngrad {

namespace {

using bignum_handle = std::unique_ptr<BIGNUM, openssl_deleter<BN_free>>;

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts)) : 0;
}

std::string serial_of(X509* certificate) {
  const bignum_handle number(ASN1_INTEGER_to_BN(X509_get_serialNumber(certificate), nullptr));
  char* const text = number ? BN_bn2hex(number.get()) : nullptr;
  std::string out = text ? text : "";
  OPENSSL_free(text);
  return out;
}

std::string text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string text_of_address(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  inet_ntop(family, ASN1_STRING_get0_data(bytes), text.data(), text.size());
  return text.data();
}

std::vector<std::string> hosts_of(X509* certificate, const std::string& name) {
  auto* const names =
    static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::vector<std::string> out;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const auto* each = sk_GENERAL_NAME_value(names, i);
    const auto length = each->type == GEN_IPADD ? ASN1_STRING_length(each->d.iPAddress) : 0;
    if (each->type == GEN_DNS) out.push_back(text_of(each->d.dNSName));
    if (length == 4 || length == 16) out.push_back(text_of_address(each->d.iPAddress));
  }
  GENERAL_NAMES_free(names);
  std::erase(out, name);
  return out;
}

error openssl_failure(const std::string& what) {
  return error::internal("cannot " + what + ": " + take_openssl_error());
}

std::string pem_of(BIO* bio) {
  char* text = nullptr;
  const auto length = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string to_pem(X509* certificate) {
  const bio_handle bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return pem_of(bio.get());
}

std::string to_pem(EVP_PKEY* key) {
  const bio_handle bio(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return pem_of(bio.get());
}

bool is_address(const std::string& host) {
  in6_addr ignored;
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 || inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

// Names of hosts are put into OpenSSL's extension syntax, in which commas separate.
std::string alternative_names(const std::string& name, const std::vector<std::string>& hosts) {
  auto out = "DNS:" + name;
  for (const auto& host : hosts) out += (is_address(host) ? ",IP:" : ",DNS:") + host;
  return out;
}

using extension = std::pair<int, std::string>;

// `issuer` null: self-signed.
result<certificate_handle> make_certificate(EVP_PKEY* key, const std::string& name, X509* issuer, EVP_PKEY* issuer_key,
                                            int days, const std::vector<extension>& extensions) {
  certificate_handle out(X509_new());
  X509_set_version(out.get(), X509_VERSION_3);
  const std::unique_ptr<BIGNUM, openssl_deleter<BN_free>> serial(BN_new());
  if (BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1 ||
      !BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(out.get())))
    return openssl_failure("make a serial number");
  X509_gmtime_adj(X509_getm_notBefore(out.get()), -3600); // clocks of a cluster differ
  X509_time_adj_ex(X509_getm_notAfter(out.get()), days, 0, nullptr);
  if (issuer && ASN1_TIME_compare(X509_get0_notAfter(out.get()), X509_get0_notAfter(issuer)) > 0)
    X509_set1_notAfter(out.get(), X509_get0_notAfter(issuer));
  X509_set_pubkey(out.get(), key);
  auto* subject = X509_get_subject_name(out.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(out.get(), issuer ? X509_get_subject_name(issuer) : subject);
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer ? issuer : out.get(), out.get(), nullptr, nullptr, 0);
  for (const auto& [kind, value] : extensions) {
    const extension_handle made(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    if (!made || X509_add_ext(out.get(), made.get(), -1) != 1)
      return openssl_failure("put '" + value + "' into a certificate");
  }
  if (X509_sign(out.get(), issuer_key, EVP_sha256()) == 0) return openssl_failure("sign a certificate");
  return out;
}

result<certificate_handle> make_own_certificate(EVP_PKEY* key, const std::string& name, int days) {
  return make_certificate(key, name, nullptr, key, days,
                          {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                           {NID_key_usage, "critical,keyCertSign,cRLSign"},
                           {NID_subject_key_identifier, "hash"}});
}

using integer_handle = std::unique_ptr<ASN1_INTEGER, openssl_deleter<ASN1_INTEGER_free>>;

integer_handle serial_from(const std::string& hexadecimal) {
  BIGNUM* number = nullptr;
  if (BN_hex2bn(&number, hexadecimal.c_str()) == 0) return nullptr;
  const std::unique_ptr<BIGNUM, openssl_deleter<BN_free>> owned(number);
  return integer_handle(BN_to_ASN1_INTEGER(number, nullptr));
}

bool add_revoked(X509_CRL* list, const ASN1_INTEGER* serial, const ASN1_TIME* since) {
  auto* const entry = X509_REVOKED_new();
  X509_REVOKED_set_serialNumber(entry, const_cast<ASN1_INTEGER*>(serial)); // copies it
  X509_REVOKED_set_revocationDate(entry, const_cast<ASN1_TIME*>(since));   // likewise
  if (X509_CRL_add0_revoked(list, entry) == 1) return true;
  X509_REVOKED_free(entry);
  return false;
}

} // namespace

certificate_facts facts_of(X509* certificate) {
  certificate_facts out;
  out.name = common_name_of(certificate);
  out.serial = serial_of(certificate);
  out.from_s = seconds_of(X509_get0_notBefore(certificate));
  out.until_s = seconds_of(X509_get0_notAfter(certificate));
  out.hosts = hosts_of(certificate, out.name);
  return out;
}

result<certificate_facts> facts_of_pem(const std::string& pem) {
  const certificate_handle certificate(PEM_read_bio_X509(read_from(pem).get(), nullptr, nullptr, nullptr));
  if (!certificate) return error::data("there is no certificate (PEM): " + take_openssl_error());
  return facts_of(certificate.get());
}

std::string date_text(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

std::string expiry_warning(const certificate_facts& facts, std::int64_t now_s, const std::string& title,
                           const std::string& remedy) {
  const auto left = facts.until_s - now_s;
  if (left > std::min(30 * day_s, (facts.until_s - facts.from_s) / 4)) return "";
  const auto when =
    left < 0 ? "has expired on " + date_text(facts.until_s)
             : "expires in " + std::to_string(facts.days_left(now_s)) + " days, on " + date_text(facts.until_s);
  return title + " " + when + ": " + remedy;
}

result<certificate_authority> certificate_authority::create(const std::string& name, int days) {
  certificate_authority out;
  out.key_.reset(EVP_EC_gen("P-256"));
  if (!out.key_) return openssl_failure("make a key");
  auto made = make_own_certificate(out.key_.get(), name, days);
  if (!made) return made.failure();
  out.certificate_ = std::move(*made);
  out.own_ = {to_pem(out.certificate_.get()), to_pem(out.key_.get())};
  return out;
}

result<certificate_authority> certificate_authority::open(const std::string& certificate_pem,
                                                          const std::string& key_pem) {
  certificate_authority out;
  const auto no_password = [](char*, int, int, void*) { return -1; };
  out.certificate_.reset(PEM_read_bio_X509(read_from(certificate_pem).get(), nullptr, nullptr, nullptr));
  if (!out.certificate_ || X509_check_ca(out.certificate_.get()) != 1) {
    ERR_clear_error();
    return error::data("it holds no certificate (PEM) of a CA");
  }
  out.key_.reset(PEM_read_bio_PrivateKey(read_from(key_pem).get(), nullptr, no_password, nullptr));
  if (!out.key_) return error::data("cannot read its private key (PEM, without a password): " + take_openssl_error());
  if (X509_check_private_key(out.certificate_.get(), out.key_.get()) != 1) {
    ERR_clear_error();
    return error::data("the key is not that of the CA's certificate");
  }
  out.own_ = {certificate_pem, key_pem};
  return out;
}

result<certificate_authority> certificate_authority::renewed(int days) const {
  certificate_authority out;
  EVP_PKEY_up_ref(key_.get());
  out.key_.reset(key_.get());
  auto made = make_own_certificate(out.key_.get(), common_name_of(certificate_.get()), days);
  if (!made) return made.failure();
  out.certificate_ = std::move(*made);
  out.own_ = {to_pem(out.certificate_.get()), own_.key};
  return out;
}

result<std::string> certificate_authority::revoke(const std::string& earlier,
                                                  const std::vector<std::string>& serials) const {
  const revocations_handle list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get()));
  const std::unique_ptr<ASN1_TIME, openssl_deleter<ASN1_TIME_free>> now(X509_gmtime_adj(nullptr, 0));
  // Clocks of a cluster differ, and a list from the future is none.
  const std::unique_ptr<ASN1_TIME, openssl_deleter<ASN1_TIME_free>> begin(X509_gmtime_adj(nullptr, -3600));
  X509_CRL_set1_lastUpdate(list.get(), begin.get());
  X509_CRL_set1_nextUpdate(list.get(), X509_get0_notAfter(certificate_.get()));
  if (!earlier.empty()) {
    const revocations_handle before(PEM_read_bio_X509_CRL(read_from(earlier).get(), nullptr, nullptr, nullptr));
    if (!before || X509_CRL_verify(before.get(), key_.get()) != 1) {
      ERR_clear_error();
      return error::data("the list of revoked certificates is not one of this CA");
    }
    auto* const entries = X509_CRL_get_REVOKED(before.get());
    for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
      const auto* each = sk_X509_REVOKED_value(entries, i);
      if (!add_revoked(list.get(), X509_REVOKED_get0_serialNumber(each), X509_REVOKED_get0_revocationDate(each)))
        return openssl_failure("keep what is revoked");
    }
  }
  for (const auto& each : serials) {
    const auto serial = serial_from(each);
    X509_REVOKED* known = nullptr;
    if (serial && X509_CRL_get0_by_serial(list.get(), &known, serial.get()) == 1) continue;
    if (!serial || !add_revoked(list.get(), serial.get(), now.get())) return openssl_failure("revoke a certificate");
  }
  // Without it two CAs of one name would be taken for each other.
  X509V3_CTX about;
  X509V3_set_ctx(&about, certificate_.get(), nullptr, nullptr, list.get(), 0);
  const extension_handle key(X509V3_EXT_conf_nid(nullptr, &about, NID_authority_key_identifier, "keyid:always"));
  if (!key || X509_CRL_add_ext(list.get(), key.get(), -1) != 1) return openssl_failure("name the CA's key in a list");
  X509_CRL_sort(list.get());
  if (X509_CRL_sign(list.get(), key_.get(), EVP_sha256()) == 0) return openssl_failure("sign a list");
  const bio_handle bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(bio.get(), list.get());
  return pem_of(bio.get());
}

result<certificate_authority::issued>
certificate_authority::issue(const std::string& name, const std::vector<std::string>& hosts, int days) const {
  const key_handle key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failure("make a key");
  const auto made = make_certificate(key.get(), name, certificate_.get(), key_.get(), days,
                                     {{NID_basic_constraints, "critical,CA:FALSE"},
                                      {NID_key_usage, "critical,digitalSignature"},
                                      {NID_ext_key_usage, "serverAuth,clientAuth"},
                                      {NID_subject_key_identifier, "hash"},
                                      {NID_authority_key_identifier, "keyid"},
                                      {NID_subject_alt_name, alternative_names(name, hosts)}});
  if (!made) return made.failure();
  return issued{to_pem(made->get()), to_pem(key.get())};
}

} // namespace syngrad
