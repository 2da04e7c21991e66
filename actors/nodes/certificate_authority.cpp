#include "actors/nodes/certificate_authority.hpp"

#include <arpa/inet.h>
#include <utility>

namespace syngrad {

namespace {

error openssl_failure(const std::string& what) {
  return {"cannot " + what + ": " + take_openssl_error()};
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

} // namespace

result<certificate_authority> certificate_authority::create(const std::string& name, int days) {
  certificate_authority out;
  out.key_.reset(EVP_EC_gen("P-256"));
  if (!out.key_) return openssl_failure("make a key");
  auto made = make_certificate(out.key_.get(), name, nullptr, out.key_.get(), days,
                               {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                {NID_subject_key_identifier, "hash"}});
  if (!made) return made.failure();
  out.certificate_ = std::move(*made);
  out.own_ = {to_pem(out.certificate_.get()), to_pem(out.key_.get())};
  return out;
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
