#include "actors/nodes/tls_credentials.hpp"

#include "runtime/io/text_file.hpp"

namespace syngrad {

namespace {

result<std::string> read_pem(const std::string& path) {
  return read_text_file(path, longest_certificate);
}

certificates_handle parse_certificates(const std::string& pem) {
  certificates_handle out(sk_X509_new_null());
  const auto bio = read_from(pem);
  while (auto* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    sk_X509_push(out.get(), certificate);
  ERR_clear_error(); // that there is no further one
  return out;
}

} // namespace

result<std::shared_ptr<const tls_credentials>> tls_credentials::load(const tls_files& files) {
  const std::shared_ptr<tls_credentials> out(new tls_credentials);
  if (auto taken = out->take_certificate(files.certificate); !taken) return error{"--tls-cert: " + taken.message()};
  if (auto taken = out->take_key(files.key); !taken) return error{"--tls-key: " + taken.message()};
  if (auto taken = out->take_ca(files.ca); !taken) return error{"--tls-ca: " + taken.message()};
  if (X509_check_private_key(sk_X509_value(out->certificates_.get(), 0), out->key_.get()) != 1) {
    ERR_clear_error();
    return error{"--tls-key: '" + files.key + "' is not the key of the certificate '" + files.certificate +
                 "'; give the two files that belong together"};
  }
  if (auto valid = out->check_chain(out->certificates_.get()); !valid)
    return error{"--tls-cert: '" + files.certificate + "' is not valid under the CA '" + files.ca +
                 "': " + valid.message() + "; `syngrad certs` issues new ones"};
  if (auto made = out->make_context(); !made) return made.failure();
  return std::shared_ptr<const tls_credentials>(out);
}

status tls_credentials::take_certificate(const std::string& path) {
  auto pem = read_pem(path);
  if (!pem) return pem.failure();
  certificates_ = parse_certificates(*pem);
  if (sk_X509_num(certificates_.get()) == 0) return error{"there is no certificate (PEM) in '" + path + "'"};
  name_ = common_name_of(sk_X509_value(certificates_.get(), 0));
  if (!check_node_name(name_))
    return error{"the common name of '" + path + "' is no name for a node; `syngrad certs` issues one that is"};
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
    return error{"cannot read a private key (PEM, without a password) from '" + path + "': " + take_openssl_error()};
  return ok();
}

status tls_credentials::take_ca(const std::string& path) {
  const auto pem = read_pem(path);
  if (!pem) return pem.failure();
  const auto authorities = parse_certificates(*pem);
  trusted_.reset(X509_STORE_new());
  for (int i = 0; i < sk_X509_num(authorities.get()); ++i)
    X509_STORE_add_cert(trusted_.get(), sk_X509_value(authorities.get(), i));
  if (sk_X509_num(authorities.get()) == 0) return error{"there is no certificate (PEM) in '" + path + "'"};
  return ok();
}

status tls_credentials::check_chain(STACK_OF(X509) * certificates) const {
  const store_context_handle context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), trusted_.get(), sk_X509_value(certificates, 0), certificates) == 1 &&
      X509_verify_cert(context.get()) == 1)
    return ok();
  ERR_clear_error();
  return error{X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()))};
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
  if (certificate_pem.size() > longest_certificate) return error{"the certificate is too long"};
  const auto certificates = parse_certificates(certificate_pem);
  if (sk_X509_num(certificates.get()) == 0) return error{"there is no certificate"};
  auto* leaf = sk_X509_value(certificates.get(), 0);
  if (auto valid = check_chain(certificates.get()); !valid)
    return error{"the certificate is not one of our CA: " + valid.message()};
  if (common_name_of(leaf) != name) return error{"the certificate is that of '" + common_name_of(leaf) + "'"};
  const digest_handle digest(EVP_MD_CTX_new());
  const auto valid =
    EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, X509_get0_pubkey(leaf)) == 1 &&
    EVP_DigestVerify(digest.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                     reinterpret_cast<const unsigned char*>(statement.data()), statement.size()) == 1;
  ERR_clear_error();
  if (!valid) return error{"the answer is not signed with the certificate's key"};
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
    return error{"OpenSSL does not take --tls-cert and --tls-key: " + take_openssl_error() +
                 "; `syngrad certs` issues what it takes"};
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
