// OpenSSL's objects with an owner, and its errors as text. Any thread; an object is one thread's at a time.
#pragma once

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace syngrad {

template <auto Free>
struct openssl_deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

inline void free_x509_stack(STACK_OF(X509) * certificates) {
  sk_X509_pop_free(certificates, X509_free);
}

using bio_handle = std::unique_ptr<BIO, openssl_deleter<BIO_free_all>>;
using key_handle = std::unique_ptr<EVP_PKEY, openssl_deleter<EVP_PKEY_free>>;
using certificate_handle = std::unique_ptr<X509, openssl_deleter<X509_free>>;
using certificates_handle = std::unique_ptr<STACK_OF(X509), openssl_deleter<free_x509_stack>>;
using store_handle = std::unique_ptr<X509_STORE, openssl_deleter<X509_STORE_free>>;
using store_context_handle = std::unique_ptr<X509_STORE_CTX, openssl_deleter<X509_STORE_CTX_free>>;
using revocations_handle = std::unique_ptr<X509_CRL, openssl_deleter<X509_CRL_free>>;
using digest_handle = std::unique_ptr<EVP_MD_CTX, openssl_deleter<EVP_MD_CTX_free>>;
using ssl_context_handle = std::unique_ptr<SSL_CTX, openssl_deleter<SSL_CTX_free>>;
using ssl_handle = std::unique_ptr<SSL, openssl_deleter<SSL_free>>;
using extension_handle = std::unique_ptr<X509_EXTENSION, openssl_deleter<X509_EXTENSION_free>>;

// The oldest error of this thread, in OpenSSL's words; the others are forgotten.
inline std::string take_openssl_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  if (const auto* reason = ERR_reason_error_string(code)) return reason;
  return "OpenSSL error " + std::to_string(code);
}

// A BIO that reads `bytes`, which outlive it.
inline bio_handle read_from(const std::string& bytes) {
  return bio_handle(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// The common name of a certificate's subject; empty where there is none.
inline std::string common_name_of(X509* certificate) {
  auto* subject = X509_get_subject_name(certificate);
  const auto index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  unsigned char* text = nullptr;
  const auto length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (length < 0) return {};
  std::string out(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
  OPENSSL_free(text);
  return out;
}

} // namespace syngrad
