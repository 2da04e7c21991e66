// Certificates: what is refused at the start, what one side refuses of the other, and that all else works over TLS,
// too.
#include "tests/actors/nodes/stranger.hpp"
#include "tests/actors/nodes/test_cluster.hpp"
#include "tests/actors/nodes/test_node.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tcp_relay.hpp"

#include "actors/nodes/certificates.hpp"
#include "actors/nodes/tls_credentials.hpp"
#include "runtime/io/file_descriptor.hpp"
#include "runtime/io/text_file.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>

using namespace syngrad;
using namespace syngrad::test;

namespace {

using kind = peer_event::kind;

network_settings with_tls(const std::string& name, const tls_files& files) {
  auto out = loopback_settings(name);
  out.tls = files;
  return out;
}

std::string load_fault(const tls_files& files) {
  const auto loaded = tls_credentials::load(files);
  return loaded ? "" : loaded.message();
}

// Why the node is dead that joins with these settings.
std::string death_of(const network_settings& coordinator_settings, const network_settings& node_settings) {
  test_node coordinator(coordinator_settings);
  test_node node(node_settings);
  node.join(coordinator.address());
  const auto dead = node.events().next(kind::dead);
  CHECK(coordinator.events().count(kind::joined) == 0);
  return dead ? dead->why : "it is not";
}

// What the first bytes of a process with these files say.
std::string own_authority(const tls_files& files) {
  const auto connection = (*tls_credentials::load(files))->connection(tls_credentials::side::connects);
  const auto* const named = SSL_get_servername(connection.get(), TLSEXT_NAMETYPE_host_name);
  return named ? named : "";
}

struct handshake_end {
  bool saw_certificate = false;
  int alert = 0; // that came; 0: the port's greeting did
};

// A handshake by OpenSSL's own means, with a certificate, and with a server's name unless that is empty.
handshake_end shake_hands(const endpoint& where, const tls_files& files, const std::string& named) {
  const ssl_context_handle context(SSL_CTX_new(TLS_client_method()));
  REQUIRE(SSL_CTX_use_certificate_file(context.get(), files.certificate.c_str(), SSL_FILETYPE_PEM) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) == 1);
  const auto to = connected(where);
  REQUIRE(::fcntl(to.socket(), F_SETFL, 0) == 0); // it may block
  const ssl_handle connection(SSL_new(context.get()));
  SSL_set_fd(connection.get(), to.socket());
  if (!named.empty()) REQUIRE(SSL_set_tlsext_host_name(connection.get(), named.c_str()) == 1);
  handshake_end out;
  SSL_set_app_data(connection.get(), &out);
  SSL_set_info_callback(connection.get(), [](const SSL* of, int what, int value) {
    if (what == SSL_CB_READ_ALERT) static_cast<handshake_end*>(SSL_get_app_data(of))->alert = value & 0xff;
  });
  char first = 0;
  if (SSL_connect(connection.get()) == 1) SSL_read(connection.get(), &first, 1);
  out.saw_certificate = certificate_handle(SSL_get1_peer_certificate(connection.get())) != nullptr;
  ERR_clear_error();
  return out;
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("files that do not go together are refused with the flag and the file") {
  const test_cluster cluster, other;
  const auto good = cluster.files_of("a");
  const auto second = cluster.files_of("b");
  CHECK(load_fault(good).empty());
  CHECK(load_fault({"/nowhere.pem", good.key, good.ca}).starts_with("--tls-cert: cannot open '/nowhere.pem'"));
  CHECK(load_fault({good.certificate, "/nowhere.pem", good.ca}).starts_with("--tls-key: cannot open '/nowhere.pem'"));
  CHECK(load_fault({good.certificate, good.key, "/nowhere.pem"}).starts_with("--tls-ca: cannot open '/nowhere.pem'"));
  CHECK(load_fault({good.certificate, second.key, good.ca}) ==
        "--tls-key: '" + second.key + "' is not the key of the certificate '" + good.certificate +
          "'; give the two files that belong together");
  CHECK(has(load_fault({good.certificate, good.key, other.ca()}), "is not valid under the CA"));
  CHECK(has(load_fault({good.key, good.key, good.ca}), "there is no certificate (PEM) in"));
  CHECK(has(load_fault({good.certificate, good.certificate, good.ca}), "cannot read a private key"));
  CHECK(has(load_fault(cluster.files_of("late", -1)), "expired"));
  CHECK(has(load_fault(cluster.files_of("a name with spaces")), "is no name for a node"));
}

TEST_CASE("certificates and keys are read from any editor's hands, or said to be what they are") {
  const test_cluster cluster;
  const auto good = cluster.files_of("a");
  const auto saved_as = [](const std::string& path, const std::string& mark, const std::string& line_end) {
    const auto original = read_text_file(path);
    std::string text = mark;
    for (const char c : *original) text += c == '\n' ? line_end : std::string(1, c);
    std::ofstream(path + ".saved", std::ios::binary) << text;
    return path + ".saved";
  };
  for (const std::string line_end : {"\r\n", "\r", "\n"})
    CHECK(load_fault({saved_as(good.certificate, "\xef\xbb\xbf", line_end),
                      saved_as(good.key, "\xef\xbb\xbf", line_end), saved_as(good.ca, "\xef\xbb\xbf", line_end)})
            .empty());
  CHECK(has(load_fault({saved_as(good.certificate, "\xff\xfe", "\n"), good.key, good.ca}), "is UTF-16 text"));
  CHECK(has(load_fault({good.certificate, good.key, "/dev/zero"}), "--tls-ca: '/dev/zero' has more than 64.0 KiB"));
}

TEST_CASE("credentials survive that their files go away") {
  auto cluster = std::make_unique<test_cluster>();
  const auto a = with_tls("a", cluster->files_of("a")), b = with_tls("b", cluster->files_of("b"));
  test_node coordinator(a), node(b);
  cluster.reset();
  node.join(coordinator.address());
  CHECK(coordinator.events().next(kind::up));
  CHECK(node.events().next(kind::up));
}

TEST_CASE("a signature is good for its statement, its name and its CA only") {
  const test_cluster cluster, other;
  const auto a = *tls_credentials::load(cluster.files_of("a")), b = *tls_credentials::load(cluster.files_of("b"));
  const auto stranger = *tls_credentials::load(other.files_of("a"));
  const auto signature = a->sign("statement");
  CHECK(b->verify(a->certificate(), "a", "statement", signature));
  CHECK(b->verify(a->certificate(), "b", "statement", signature).message() == "the certificate is that of 'a'");
  CHECK(b->verify(a->certificate(), "a", "Statement", signature).message() ==
        "the answer is not signed with the certificate's key");
  CHECK_FALSE(b->verify(a->certificate(), "a", "statement", b->sign("statement")));
  CHECK_FALSE(b->verify(a->certificate(), "a", "statement", {}));
  CHECK_FALSE(b->verify("", "a", "statement", signature));
  CHECK_FALSE(b->verify(std::string(200000, 'x'), "a", "statement", signature));
  CHECK(has(b->verify(stranger->certificate(), "a", "statement", stranger->sign("statement")).message(),
            "not one of our CA"));
}

TEST_CASE("nodes with certificates of one CA are up with each other, and come back after a reset") {
  const test_cluster cluster;
  test_node coordinator(with_tls("", cluster.files_of("a"))); // the name is the certificate's
  test_node node(with_tls("b", cluster.files_of("b")));
  auto relay = std::move(*tcp_relay::start(0, "127.0.0.1", coordinator.address().port));
  node.join({"127.0.0.1", relay->port()});
  for (std::uint64_t session = 1; session <= 10; ++session) {
    const auto here = coordinator.events().next(kind::up), there = node.events().next(kind::up);
    REQUIRE(here);
    REQUIRE(there);
    CHECK(here->session == session);
    CHECK(here->identity.name == "b");
    CHECK(there->identity.name == "a");
    relay->reset();
  }
}

TEST_CASE("who has no certificate, or one of another CA, is not let in and knows why") {
  const test_cluster cluster, other;
  const auto a = with_tls("a", cluster.files_of("a"));
  CHECK(has(death_of(a, with_tls("b", other.files_of("b"))), "refuses the certificate of --tls-cert"));
  CHECK(has(death_of(loopback_settings("a"), with_tls("b", cluster.files_of("b"))), "no TLS with 127.0.0.1"));
  // Its own CA knows the coordinator, the coordinator's does not know it.
  auto half = other.files_of("b");
  half.ca = cluster.write("both.pem", [&] {
    std::string both;
    for (const auto& path : {cluster.ca(), other.ca()}) {
      auto file = std::move(*file_descriptor::open_for_reading(path));
      std::string text(*file.size(), '\0');
      REQUIRE(file.read(text.data(), text.size()));
      both += text;
    }
    return both;
  }());
  CHECK(has(death_of(a, with_tls("b", half)), "refuses the certificate of --tls-cert"));
}

TEST_CASE(
  "who names another CA than ours is refused before it gets a certificate to see; who only names it, afterwards") {
  const test_cluster cluster, other;
  test_node coordinator(with_tls("a", cluster.files_of("a")));
  const auto ours = own_authority(cluster.files_of("b")), theirs = own_authority(other.files_of("b"));
  CHECK(ours != theirs);
  CHECK(own_authority(cluster.files_of("c")) == ours);
  const std::string no_extension, empty_label("."), longest(255, 'x');
  for (const auto& named : {no_extension, theirs, ours.substr(1), ours + "x", empty_label, longest}) {
    INFO(named);
    const auto end = shake_hands(coordinator.address(), other.files_of("b"), named);
    CHECK_FALSE(end.saw_certificate);
    CHECK(end.alert == SSL_AD_UNKNOWN_CA);
  }
  const auto pretends = shake_hands(coordinator.address(), other.files_of("b"), ours);
  CHECK(pretends.saw_certificate);
  CHECK(pretends.alert == SSL_AD_UNKNOWN_CA);
  CHECK(shake_hands(coordinator.address(), cluster.files_of("b"), ours).alert == 0);
}

TEST_CASE("without a certificate a node waits at a port that wants TLS, and says so") {
  const test_cluster cluster;
  test_node coordinator(with_tls("a", cluster.files_of("a")));
  test_node node(loopback_settings("b"));
  node.join(coordinator.address());
  const auto waiting = node.events().next(kind::waiting);
  REQUIRE(waiting);
  CHECK(has(waiting->why, "wants TLS (--tls-cert, --tls-key, --tls-ca)"));
  CHECK(coordinator.events().count(kind::joined) == 0);
}

TEST_CASE("a name that is not the certificate's is refused at the start") {
  const test_cluster cluster;
  const auto opened = node_system::open(with_tls("b", cluster.files_of("a")), 1, 1, {});
  REQUIRE_FALSE(opened);
  CHECK(has(opened.message(), "--name 'b' is not the name in the certificate"));
}

TEST_CASE("who is revoked is refused by everybody that has the list, and can do nothing with its own certificate") {
  const test_cluster cluster;
  auto a = cluster.files_of("a"), b = cluster.files_of("b");
  const auto before = *tls_credentials::load(a); // a process that started before
  const auto stranger = *tls_credentials::load(b);
  const auto signature = stranger->sign("statement");
  CHECK(before->verify(stranger->certificate(), "b", "statement", signature));
  const auto list = cluster.revoke({b});
  const auto after = *tls_credentials::load(a); // finds the list beside ca.pem
  CHECK(after->verify(stranger->certificate(), "b", "statement", signature).message() ==
        "the certificate is not one of our CA: certificate revoked");
  CHECK(has(load_fault(b), "certificate revoked"));
  const auto c = *tls_credentials::load(cluster.files_of("c"));
  CHECK(after->verify(c->certificate(), "c", "statement", c->sign("statement")));
  CHECK(before->verify(stranger->certificate(), "b", "statement", signature)); // the list is read at the start

  // One certificate of a name, not the name.
  const auto renewed = *tls_credentials::load(cluster.files_of("b"));
  CHECK(after->verify(renewed->certificate(), "b", "statement", renewed->sign("statement")));
}

TEST_CASE("a revoked node is not let in over a connection, nor is a revoked coordinator believed") {
  const test_cluster cluster;
  const auto good = cluster.files_of("a"), bad = cluster.files_of("b");
  auto without_list = bad; // of another machine, which has no list
  without_list.ca = cluster.write("far-ca.pem", read_text_file(cluster.ca()).value());
  const auto list = cluster.revoke({bad});
  auto with_list = good;
  with_list.crl = list;
  std::filesystem::rename(list, list + ".of-a");
  with_list.crl += ".of-a";
  CHECK(has(death_of(with_tls("a", with_list), with_tls("b", without_list)), "revoked"));
  CHECK(has(death_of(with_tls("b", without_list), with_tls("a", with_list)), "revoked"));
}

TEST_CASE("a list is one of the CA beside it, or refused with both files named") {
  const test_cluster cluster, other;
  auto a = cluster.files_of("a");
  a.crl = other.revoke({other.files_of("x")});
  CHECK(has(load_fault(a), "--tls-crl: '" + a.crl + "' is not a list of the CA '" + a.ca + "'"));
  a.crl = a.certificate;
  CHECK(has(load_fault(a), "--tls-crl: there is no list of revoked certificates (PEM) in"));
  a.crl = "/nowhere.pem";
  CHECK(has(load_fault(a), "--tls-crl: cannot open '/nowhere.pem'"));
  // Of two CAs one has a list: the other has revoked nothing.
  std::string both;
  for (const auto& path : {cluster.ca(), other.ca()}) both += read_text_file(path).value();
  a.ca = cluster.write("both.pem", both);
  a.crl = cluster.revoke({cluster.files_of("gone")});
  const auto judge = *tls_credentials::load(a);
  const auto x = *tls_credentials::load([&] {
    auto files = other.files_of("y");
    files.crl = "";
    return files;
  }());
  CHECK(judge->verify(x->certificate(), "y", "statement", x->sign("statement")));
}

TEST_CASE("a certificate that ends soon is said at the start, and a CA") {
  CHECK(tls_credentials::load(test_cluster().files_of("a")).value()->warnings().empty());
  certificate_facts facts{"a", "1", 0, 100 * 86400, {}};
  const auto warning = [&](std::int64_t day) {
    return expiry_warning(facts, day * 86400, "the certificate 'a.pem'", "renew it");
  };
  CHECK(warning(70) == "");
  CHECK(warning(75) == "the certificate 'a.pem' expires in 25 days, on 1970-04-11: renew it");
  CHECK(warning(101) == "the certificate 'a.pem' has expired on 1970-04-11: renew it");
  facts.until_s = 1000 * 86400;
  CHECK(warning(960) == "");
  CHECK(warning(970) != "");
  const test_cluster brief(0);
  // 0 days: until now, from an hour ago; so it is out of date already, and says so where it is used.
  CHECK(has(load_fault(brief.files_of("a", 10)), "expired"));
}

TEST_CASE("a CA goes on from its files: it adds, renews itself, and never issues beyond its own end") {
  const auto first = std::move(*certificate_authority::create("test CA", 20));
  const auto again = certificate_authority::open(first.own().certificate, first.own().key);
  REQUIRE(again);
  const auto end = facts_of_pem(first.own().certificate)->until_s;
  CHECK(facts_of_pem(again->issue("b", {"10.0.0.1", "::1", "b.example"}, 365)->certificate)->until_s == end);
  const auto facts = *facts_of_pem(again->issue("b", {"10.0.0.1", "::1", "b.example"}, 5)->certificate);
  CHECK(facts.name == "b");
  CHECK(facts.until_s < end);
  CHECK(facts.hosts == std::vector<std::string>{"10.0.0.1", "::1", "b.example"});
  const auto renewed = first.renewed(400);
  REQUIRE(renewed);
  CHECK(facts_of_pem(renewed->own().certificate)->until_s > end + 300 * 86400);
  CHECK(renewed->own().key == first.own().key);
  const auto other = std::move(*certificate_authority::create("test CA", 20));
  CHECK(has(certificate_authority::open(first.own().certificate, other.own().key).message(), "not that of the CA"));
  const auto node = *first.issue("b", {}, 5);
  CHECK(has(certificate_authority::open(node.certificate, node.key).message(), "no certificate (PEM) of a CA"));
  const auto list = *first.revoke("", {facts.serial});
  CHECK(first.revoke(list, {"0A", facts.serial}));
  CHECK(has(other.revoke(list, {"0A"}).message(), "not one of this CA"));
}
