#include "tools/distributed/local_node_command.hpp"

#include "actors/nodes/resolved_host.hpp"
#include "runtime/process/processors.hpp"

#include <filesystem>

namespace syngrad::tools {

namespace fs = std::filesystem;

namespace {

void add(std::vector<std::string>& words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
}

error no_certificate(const std::string& path, const std::string& own_name, int nodes, int number) {
  auto names = own_name;
  for (int i = 1; i <= nodes; ++i) names += "," + local_node_name(i);
  return {"--local-nodes: node " + local_node_name(number) + " needs a certificate of its own, and there is no '" +
          path + "': make all with `syngrad certs DIR --names " + names + "`, in a new folder, and give those of " +
          own_name};
}

} // namespace

std::string local_node_name(int number) {
  return "local-" + std::to_string(number);
}

endpoint local_address(const endpoint& listening) {
  if (listening.host == "::") return {"::1", listening.port};
  return is_every_address(listening.host) ? endpoint{"127.0.0.1", listening.port} : listening;
}

result<std::vector<std::string>> local_node_command(const train_options& options, const node_starter& starter,
                                                    int number) {
  const auto& cluster = options.cluster;
  const auto& network = cluster.network;
  const auto name = local_node_name(number);
  const auto join = local_address(starter.listening);
  const int threads = share_of_processors(options.settings.threads, cluster.local_nodes, number);
  std::vector<std::string> words{"node",
                                 "--join",
                                 to_text(join),
                                 "--listen", // nobody else has to reach it
                                 to_text({join.host, 0}),
                                 "--run",
                                 (fs::path(starter.folder) / name).string(),
                                 "--end-with-input",
                                 "--threads",
                                 std::to_string(threads),
                                 "--intra-op",
                                 std::to_string(options.settings.intra_op),
                                 "--devices",
                                 options.devices.device,
                                 "--peer-timeout",
                                 format_real(network.peer_timeout_s),
                                 "--reconnect-for",
                                 format_real(network.reconnect_for_s)};
  if (network.insecure) add(words, {"--insecure"});
  if (!network.tls.any()) {
    add(words, {"--name", name});
    return words;
  }
  const auto certificate = fs::path(network.tls.certificate).parent_path() / (name + ".pem");
  const auto key = fs::path(network.tls.key).parent_path() / (name + "-key.pem");
  for (const auto& path : {certificate, key})
    if (std::error_code ignored; !fs::exists(path, ignored))
      return no_certificate(path.string(), starter.name, cluster.local_nodes, number);
  add(words, {"--tls-cert", certificate.string(), "--tls-key", key.string(), "--tls-ca", network.tls.ca});
  return words;
}

} // namespace syngrad::tools
