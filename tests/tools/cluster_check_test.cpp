// What is refused before any node has joined.
#include "tests/support/catch.hpp"
#include "tools/distributed/cluster_options.hpp"
#include "tools/train/resolve.hpp"

using namespace syngrad;
using namespace syngrad::tools;

namespace {

// Of a model of six groups.
std::string cluster_fault(const std::vector<std::string>& arguments) {
  train_options options;
  auto reader = make_train_option_reader(options);
  if (auto read = reader.read(arguments); !read) return read.message();
  if (auto model = resolve_model(options, reader); !model) return model.message();
  const auto good = check_cluster(options.over_processes());
  return good ? "" : good.message();
}

std::string of_listener(std::vector<std::string> more) {
  more.insert(more.begin(), {"--listen", "127.0.0.1:7000"});
  return cluster_fault(more);
}

} // namespace

TEST_CASE("places of groups that there will not be, or of too few, are refused before anybody joins") {
  CHECK(of_listener({"--place", "0-9=a/cpu"}) == "--place: there is no group 6; the run has 6, counted from 0");
  CHECK(of_listener({"--place", "0-4=a/cpu"}) ==
        "--place: group 5 is not named; over several processes name all groups, or leave --place out");
  CHECK(of_listener({"--place", "0-5=a/cpu,2=a/cpu"}).starts_with("--place: group 2 is placed twice"));
  CHECK(of_listener({"--place", "0-5=a/gpu"}).starts_with("--place: groups 0-5: "));
  CHECK(of_listener({"--place", "0-5=a/cpu"}) == "");
  CHECK(of_listener({"--place", "0-2=a/cuda:0,3=a/cuda:1,4-5=cpu"}) == "");
  CHECK(
    cluster_fault({"--local-nodes", "2", "--place", "0-9=local-1/cpu"}).starts_with("--place: there is no group 6"));
}

TEST_CASE("places on nodes and devices that cannot come are refused before anybody joins") {
  CHECK(of_listener({"--place", "0-2=a/cpu,3-5=b/cpu"}) ==
        "--place: expected at most 1 nodes (--nodes), got 2; let more of them come, or name fewer");
  CHECK(of_listener({"--nodes", "1:2", "--place", "0-2=a/cpu,3-5=b/cpu"}) == "");
  CHECK(of_listener({"--place", "0-5=cuda:0"}).starts_with("--place: node the coordinator does not offer cuda:0"));
  CHECK(cluster_fault({"--local-nodes", "2", "--place", "0-5=elsewhere/cpu"}) ==
        "--place: there is no node 'elsewhere'; here are local-1, local-2");
  CHECK(cluster_fault({"--local-nodes", "2", "--place", "0-5=local-3/cpu"}).find("here are local-1, local-2") !=
        std::string::npos);
  CHECK(cluster_fault({"--local-nodes", "2", "--place", "0-5=local-1/cuda:0"})
          .starts_with("--place: node local-1 does not offer cuda:0"));
  CHECK(nodes_of_places("0-2=b/cpu,3=cpu,4=a/cpu,5=b/cuda:0") == std::set<std::string>{"a", "b"});
}

TEST_CASE("options for other processes are refused where there are none, and those that exclude each other") {
  for (const auto& words : std::vector<std::vector<std::string>>{{"--wait-for", "5"},
                                                                 {"--wire", "bf16"},
                                                                 {"--insecure"},
                                                                 {"--advertise", "a:1"},
                                                                 {"--name", "x"},
                                                                 {"--peer-timeout", "5"}}) {
    CAPTURE(words.front());
    CHECK(cluster_fault(words) == words.front() + ": expected --listen or --local-nodes with it; leave it out");
  }
  CHECK(cluster_fault({}) == "");
  CHECK(cluster_fault({"--nodes", "2"}).starts_with("--nodes: say where they come to"));
  CHECK(
    of_listener({"--local-nodes", "2", "--nodes", "2"}).starts_with("--local-nodes and --nodes exclude each other"));
  CHECK(of_listener({"--port-range", "7000-7010"}).starts_with("--port-range: expected --listen HOST:0 with it"));
  CHECK(cluster_fault({"--listen", "*:0", "--port-range", "7000-7010"}) == "");
  CHECK(cluster_fault({"--local-nodes", "1", "--advertise", "a:1"}) ==
        "--advertise: expected --listen HOST:PORT with it");
  CHECK(of_listener({"--device", "cuda:0"}).starts_with("--device: nodes say themselves"));
  CHECK(of_listener({"--tls-ca", "ca.pem"}).starts_with("--tls-cert: TLS needs all three"));
  CHECK(of_listener({"--wait-for", "0"}).find("--wait-for") != std::string::npos);
  CHECK(of_listener({"--wait-for", "0.5"}) == "");
}
