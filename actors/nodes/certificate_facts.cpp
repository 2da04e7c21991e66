#include "actors/nodes/certificate_facts.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ctime>

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
  if (!certificate) return error{"there is no certificate (PEM): " + take_openssl_error()};
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

} // namespace syngrad
