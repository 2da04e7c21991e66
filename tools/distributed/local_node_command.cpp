#include "tools/distributed/local_node_command.hpp"

#include "actors/nodes/addresses.hpp"
#include "runtime/process/process_limits.hpp"

#include <filesystem>

namespace syngrad::tools {

namespace fs = std::filesystem;

namespace {

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
}

error no_certificate(const fs::path& missing, const std::string& own_name, int nodes, int number) {
  std::string fresh, half; // without any file; with one of the two
  std::error_code ignored;
  for (int i = 1; i <= nodes; ++i) {
    const auto name = local_node_name(i);
    const bool has_certificate = fs::exists(missing.parent_path() / (name + ".pem"), ignored);
    const bool has_key = fs::exists(missing.parent_path() / (name + "-key.pem"), ignored);
    auto& list = has_certificate || has_key ? half : fresh;
    if (!has_certificate || !has_key) list += (list.empty() ? "" : ",") + name;
  }
  const auto what = half.empty() ? "names " + fresh : "renew " + half;
  return {"--local-nodes: node " + local_node_name(number) + " needs a certificate of its own, and there is no '" +
          missing.string() + "': `syngrad certs DIR --" + what + "` makes it, where DIR is the folder with the CA of " +
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

result<std::vector<std::string>> local_node_command(const cluster_run& run, const node_starter& starter, int number) {
  const auto& cluster = run.cluster;
  const auto& network = cluster.network;
  const auto name = local_node_name(number);
  const auto join = local_address(starter.listening);
  const int threads = share_of_processors(run.settings.threads, cluster.local_nodes, number);
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
                                 std::to_string(run.settings.intra_op),
                                 "--devices",
                                 run.devices.device,
                                 "--peer-timeout",
                                 format_real(network.peer_timeout_s),
                                 "--reconnect-for",
                                 format_real(network.reconnect_for_s)};
  if (network.insecure) append(words, {"--insecure"});
  if (!network.tls.any()) {
    append(words, {"--name", name});
    return words;
  }
  const auto certificate = fs::path(network.tls.certificate).parent_path() / (name + ".pem");
  const auto key = fs::path(network.tls.key).parent_path() / (name + "-key.pem");
  for (const auto& path : {certificate, key})
    if (std::error_code ignored; !fs::exists(path, ignored))
      return no_certificate(path, starter.name, cluster.local_nodes, number);
  append(words, {"--tls-cert", certificate.string(), "--tls-key", key.string(), "--tls-ca", network.tls.ca});
  if (!network.tls.crl.empty()) append(words, {"--tls-crl", network.tls.crl});
  return words;
}

} // namespace syngrad::tools
