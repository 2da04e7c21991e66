#include "actors/nodes/tls_credentials.hpp"

#include "actors/nodes/certificates.hpp"
#include "runtime/io/text_file.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>

namespace syngrad {

namespace {

constexpr std::size_t longest_revocation_list = 16 << 20; // of what is revoked: 40 bytes each

result<std::string> read_pem(const std::string& path, std::size_t longest = longest_certificate) {
  return read_text_file(path, longest);
}

certificates_handle parse_certificates(const std::string& pem) {
  certificates_handle out(sk_X509_new_null());
  const auto bio = read_from(pem);
  while (auto* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    sk_X509_push(out.get(), certificate);
  ERR_clear_error(); // that there is no further one
  return out;
}

// A CA without a list has revoked nothing: ca.pem may hold several.
int pass_without_list(int good, X509_STORE_CTX* context) {
  if (good == 1 || X509_STORE_CTX_get_error(context) != X509_V_ERR_UNABLE_TO_GET_CRL) return good;
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

std::string list_beside(const std::string& ca) {
  const auto path = std::filesystem::path(ca).parent_path() / "crl.pem";
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) ? path.string() : "";
}

bool is_issued_by(X509_CRL* list, X509* authority) {
  return X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(authority)) == 0 &&
         X509_CRL_verify(list, X509_get0_pubkey(authority)) == 1;
}

// Which CA a connecting side has its certificate of is said in the first bytes of TLS (as the server name of RFC 6066):
// whoever accepts closes a connection of another CA's before any of its cryptography is done. It is no secret and
// proves nothing; the certificate does, afterwards.
//
// The name is the same for every certificate with this key: a renewed CA keeps it. Lower-case hexadecimal and
// ".syngrad".
//
// Threads: any; a connection is one thread's at a time.
std::string authority_name(X509* authority) {
  constexpr std::size_t named_by = 16; // bytes of the key's SHA-256
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned int size = 0;
  if (X509_pubkey_digest(authority, EVP_sha256(), sum.data(), &size) != 1 || size < named_by) return {};
  constexpr const char* digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < named_by; ++i) {
    out += digits[sum[i] >> 4];
    out += digits[sum[i] & 15];
  }
  return out + ".syngrad";
}

// What the other side has said; only from within the callback of SSL_CTX_set_client_hello_cb. Empty: nothing that
// reads.
//
// The extension: length of the list u16, and its only entry: sort u8 (0: a host's name), length u16, the name.
std::string named_authority(SSL* connection) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  constexpr std::size_t header = 5;
  if (SSL_client_hello_get0_ext(connection, TLSEXT_TYPE_server_name, &data, &size) != 1 || size < header) return {};
  const auto number = [&](std::size_t at) { return std::size_t{data[at]} << 8 | data[at + 1]; };
  if (number(0) != size - 2 || data[2] != TLSEXT_NAMETYPE_host_name || number(3) != size - header) return {};
  return {reinterpret_cast<const char*>(data) + header, size - header};
}

} // namespace

result<std::shared_ptr<const tls_credentials>> tls_credentials::load(const tls_files& files) {
  const std::shared_ptr<tls_credentials> out(new tls_credentials);
  if (auto taken = out->take_certificate(files.certificate); !taken) return taken.failure().prefixed("--tls-cert: ");
  if (auto taken = out->take_key(files.key); !taken) return taken.failure().prefixed("--tls-key: ");
  if (auto taken = out->take_ca(files.ca); !taken) return taken.failure().prefixed("--tls-ca: ");
  if (auto taken = out->take_revocations(files); !taken) return taken.failure().prefixed("--tls-crl: ");
  if (X509_check_private_key(sk_X509_value(out->certificates_.get(), 0), out->key_.get()) != 1) {
    ERR_clear_error();
    return error::data("--tls-key: '" + files.key + "' is not the key of the certificate '" + files.certificate +
                       "'; give the two files that belong together");
  }
  auto authority = out->authority_of(out->certificates_.get());
  if (!authority)
    return error::data("--tls-cert: '" + files.certificate + "' is not valid under the CA '" + files.ca +
                       "': " + authority.message() + "; `syngrad certs` issues new ones");
  out->authority_ = std::move(*authority);
  if (auto made = out->make_context(); !made) return made.failure();
  out->look_at_dates(files);
  return std::shared_ptr<const tls_credentials>(out);
}

status tls_credentials::take_certificate(const std::string& path) {
  auto pem = read_pem(path);
  if (!pem) return pem.failure();
  certificates_ = parse_certificates(*pem);
  if (sk_X509_num(certificates_.get()) == 0) return error::data("there is no certificate (PEM) in '" + path + "'");
  name_ = common_name_of(sk_X509_value(certificates_.get(), 0));
  if (!check_node_name(name_))
    return error::data("the common name of '" + path + "' is no name for a node; `syngrad certs` issues one that is");
  certificate_pem_ = std::move(*pem);
  return ok();
}

status tls_credentials::take_key(const std::string& path) {
  auto pem = read_pem(path);
  if (!pem) return pem.failure();
  const auto no_password = [](char*, int, int, void*) { return -1; };
  key_.reset(PEM_read_bio_PrivateKey(read_from(*pem).get(), nullptr, no_password, nullptr));
  OPENSSL_cleanse(pem->data(), pem->size());
  if (!key_)
    return error::data("cannot read a private key (PEM, without a password) from '" + path +
                       "': " + take_openssl_error());
  return ok();
}

status tls_credentials::take_ca(const std::string& path) {
  const auto pem = read_pem(path);
  if (!pem) return pem.failure();
  const auto authorities = parse_certificates(*pem);
  trusted_.reset(X509_STORE_new());
  for (int i = 0; i < sk_X509_num(authorities.get()); ++i)
    X509_STORE_add_cert(trusted_.get(), sk_X509_value(authorities.get(), i));
  if (sk_X509_num(authorities.get()) == 0) return error::data("there is no certificate (PEM) in '" + path + "'");
  return ok();
}

status tls_credentials::take_revocations(const tls_files& files) {
  const auto path = files.crl.empty() ? list_beside(files.ca) : files.crl;
  if (path.empty()) return ok();
  const auto pem = read_pem(path, longest_revocation_list);
  if (!pem) return pem.failure();
  const auto known = authorities();
  const auto bio = read_from(*pem);
  int lists = 0;
  for (revocations_handle list; list.reset(PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)), list;
       ++lists) {
    if (std::none_of(known.begin(), known.end(), [&](X509* each) { return is_issued_by(list.get(), each); })) {
      ERR_clear_error();
      return error::data("'" + path + "' is not a list of the CA '" + files.ca +
                         "'; copy both from one folder of `syngrad certs`");
    }
    X509_STORE_add_crl(trusted_.get(), list.get());
  }
  ERR_clear_error(); // that there is no further one
  if (lists == 0) return error::data("there is no list of revoked certificates (PEM) in '" + path + "'");
  X509_STORE_set_flags(trusted_.get(), X509_V_FLAG_CRL_CHECK);
  X509_STORE_set_verify_cb(trusted_.get(), pass_without_list);
  return ok();
}

void tls_credentials::look_at_dates(const tls_files& files) {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  const auto look = [&](X509* certificate, const std::string& title, const std::string& remedy) {
    auto line = expiry_warning(facts_of(certificate), now, title, remedy);
    if (!line.empty()) warnings_.push_back("warning: " + line);
  };
  look(sk_X509_value(certificates_.get(), 0), "the certificate '" + files.certificate + "'",
       "`syngrad certs DIR --renew " + name_ + "` makes a new one");
  for (auto* each : authorities())
    look(each, "the CA '" + files.ca + "'", "`syngrad certs DIR --renew ca` makes a new certificate for it");
}

std::vector<X509*> tls_credentials::authorities() const {
  std::vector<X509*> out;
  const auto* const objects = X509_STORE_get0_objects(trusted_.get());
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i)
    if (auto* each = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i))) out.push_back(each);
  return out;
}

ssl_handle tls_credentials::connection(side which) const {
  ssl_handle out(SSL_new(context_.get()));
  if (!out) return out;
  if (which == side::accepts)
    SSL_set_accept_state(out.get());
  else
    SSL_set_connect_state(out.get());
  if (which == side::connects && SSL_set_tlsext_host_name(out.get(), authority_.c_str()) != 1) out.reset();
  return out;
}

int tls_credentials::admit(SSL* connection, int* alert, void* self) {
  const auto& known = static_cast<const tls_credentials*>(self)->known_authorities_;
  if (std::find(known.begin(), known.end(), named_authority(connection)) != known.end())
    return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_UNKNOWN_CA;
  return SSL_CLIENT_HELLO_ERROR;
}

result<std::string> tls_credentials::authority_of(STACK_OF(X509) * certificates) const {
  const store_context_handle context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), trusted_.get(), sk_X509_value(certificates, 0), certificates) == 1 &&
      X509_verify_cert(context.get()) == 1) {
    auto* const chain = X509_STORE_CTX_get0_chain(context.get());
    return authority_name(sk_X509_value(chain, sk_X509_num(chain) - 1));
  }
  ERR_clear_error();
  return error::data(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

std::vector<char> tls_credentials::sign(const std::string& statement) const {
  const digest_handle digest(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(statement.data());
  std::size_t size = 0;
  std::vector<char> signature;
  if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
      EVP_DigestSign(digest.get(), nullptr, &size, bytes, statement.size()) == 1) {
    signature.resize(size);
    if (EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                       statement.size()) != 1)
      size = 0;
    signature.resize(size);
  }
  ERR_clear_error();
  return signature; // empty, which nobody accepts, where the key cannot sign
}

status tls_credentials::verify(const std::string& certificate_pem, const std::string& name,
                               const std::string& statement, const std::vector<char>& signature) const {
  if (certificate_pem.size() > longest_certificate) return error::peer("the certificate is too long");
  const auto certificates = parse_certificates(certificate_pem);
  if (sk_X509_num(certificates.get()) == 0) return error::peer("there is no certificate");
  auto* leaf = sk_X509_value(certificates.get(), 0);
  if (const auto authority = authority_of(certificates.get()); !authority)
    return error::peer("the certificate is not one of our CA: " + authority.message());
  if (common_name_of(leaf) != name) return error::peer("the certificate is that of '" + common_name_of(leaf) + "'");
  const digest_handle digest(EVP_MD_CTX_new());
  const auto valid =
    EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, X509_get0_pubkey(leaf)) == 1 &&
    EVP_DigestVerify(digest.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                     reinterpret_cast<const unsigned char*>(statement.data()), statement.size()) == 1;
  ERR_clear_error();
  if (!valid) return error::peer("the answer is not signed with the certificate's key");
  return ok();
}

status tls_credentials::make_context() {
  context_.reset(SSL_CTX_new(TLS_method()));
  auto* const context = context_.get();
  bool taken = context && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
               SSL_CTX_set_cipher_list(context, "HIGH:!aNULL:!MD5") == 1 &&
               SSL_CTX_use_certificate(context, sk_X509_value(certificates_.get(), 0)) == 1;
  for (int i = 1; taken && i < sk_X509_num(certificates_.get()); ++i)
    taken = SSL_CTX_add1_chain_cert(context, sk_X509_value(certificates_.get(), i)) == 1;
  if (!taken || SSL_CTX_use_PrivateKey(context, key_.get()) != 1)
    return error::data("OpenSSL does not take --tls-cert and --tls-key: " + take_openssl_error() +
                       "; `syngrad certs` issues what it takes");
  for (auto* each : authorities()) known_authorities_.push_back(authority_name(each));
  SSL_CTX_set_client_hello_cb(context, admit, this);
  SSL_CTX_set1_cert_store(context, trusted_.get());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return ok();
}

} // namespace syngrad
