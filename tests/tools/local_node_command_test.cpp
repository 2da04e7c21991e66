// How a run starts nodes on its own machine.
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tools/distributed/local_nodes.hpp"
#include "tools/train/train_options.hpp"

#include <algorithm>
#include <fstream>

using namespace syngrad;
using namespace syngrad::tools;
using syngrad::test::temporary_folder;

namespace {

train_options with_nodes(int count) {
  train_options options;
  options.cluster.local_nodes = count;
  options.settings.threads = 4;
  return options;
}

// What follows `option`; "" where it is not there.
std::string value_of(const std::vector<std::string>& words, const std::string& option) {
  const auto found = std::find(words.begin(), words.end(), option);
  return found == words.end() || found + 1 == words.end() ? "" : *(found + 1);
}

// Made, with something in it.
std::string file_in(const temporary_folder& folder, const std::string& name) {
  std::ofstream(folder.file(name)) << "-";
  return folder.file(name);
}

} // namespace

TEST_CASE("a node of this machine joins by an address that is one, and listens there only") {
  const auto joined = [](const endpoint& listening) {
    const auto words = *local_node_command(with_nodes(2).over_processes(), {listening, "coordinator", "runs/x"}, 2);
    return value_of(words, "--join") + " " + value_of(words, "--listen");
  };
  REQUIRE(joined({"127.0.0.1", 7000}) == "127.0.0.1:7000 127.0.0.1:0");
  REQUIRE(joined({"0.0.0.0", 7000}) == "127.0.0.1:7000 127.0.0.1:0");
  REQUIRE(joined({"::", 7000}) == "[::1]:7000 [::1]:0");
  REQUIRE(joined({"10.0.0.1", 7000}) == "10.0.0.1:7000 10.0.0.1:0");
}

TEST_CASE("nodes share the run's threads, and have its devices, times and trust") {
  auto options = with_nodes(2);
  options.devices.device = "cuda:0";
  options.cluster.network.peer_timeout_s = 2.5;
  options.cluster.network.insecure = true;
  const auto words = *local_node_command(options.over_processes(), {{"0.0.0.0", 7000}, "coordinator", "runs/x"}, 2);
  REQUIRE(words.front() == "node");
  REQUIRE(value_of(words, "--name") == "local-2");
  REQUIRE(value_of(words, "--threads") == "2");
  REQUIRE(value_of(words, "--devices") == "cuda:0");
  REQUIRE(value_of(words, "--peer-timeout") == "2.5");
  REQUIRE(std::count(words.begin(), words.end(), "--insecure") == 1);
  options.cluster.network.insecure = false;
  const auto safe = *local_node_command(options.over_processes(), {{"127.0.0.1", 7000}, "coordinator", "runs/x"}, 1);
  REQUIRE(std::count(safe.begin(), safe.end(), "--insecure") == 0);
}

TEST_CASE("a node saves within the run's folder, and ends when the run's process does") {
  for (const int number : {1, 2}) {
    const auto words =
      *local_node_command(with_nodes(2).over_processes(), {{"127.0.0.1", 7000}, "coordinator", "runs/x"}, number);
    REQUIRE(value_of(words, "--run") == "runs/x/local-" + std::to_string(number));
    REQUIRE(std::count(words.begin(), words.end(), "--end-with-input") == 1);
  }
}

TEST_CASE("with TLS a node has the certificate of its own name, or the run is told how to make it") {
  const temporary_folder folder;
  auto options = with_nodes(2);
  options.cluster.network.tls = {file_in(folder, "main.pem"), file_in(folder, "main-key.pem"),
                                 file_in(folder, "ca.pem")};
  const auto certificate = file_in(folder, "local-1.pem");
  const auto command = [&](int number) {
    return local_node_command(options.over_processes(), {{"127.0.0.1", 7000}, "main", "runs/x"}, number);
  };
  REQUIRE(command(1).message() == "--local-nodes: node local-1 needs a certificate of its own, and there is no '" +
                                    folder.path() +
                                    "/local-1-key.pem': `syngrad certs DIR --renew local-1` makes it, where DIR is the "
                                    "folder with the CA of main");
  const auto key = file_in(folder, "local-1-key.pem");
  const auto words = command(1);
  REQUIRE(words);
  REQUIRE(value_of(*words, "--tls-cert") == certificate);
  REQUIRE(value_of(*words, "--tls-key") == key);
  REQUIRE(value_of(*words, "--tls-ca") == folder.path() + "/ca.pem");
  REQUIRE(value_of(*words, "--name") == ""); // the certificate says it
  REQUIRE(command(2).message().find("/local-2.pem': `syngrad certs DIR --names local-2` makes it") !=
          std::string::npos);
}
