#include "tools/distributed/distributed_training.hpp"

#include "actors/distributed/process_part.hpp"
#include "actors/nodes/addresses.hpp"
#include "actors/update_policy.hpp"
#include "tools/distributed/cluster_options.hpp"
#include "tools/distributed/credit_advice.hpp"
#include "tools/distributed/local_nodes.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

// What nodes elsewhere are started with. Of a process that listens everywhere, or where --advertise says so, an address
// of this machine that others reach; where there are several, the others stand behind it.
std::string how_to_join(const endpoint& where) {
  const auto hosts = reachable_addresses(where.host);
  if (hosts.empty()) return "syngrad node --join " + to_text({"127.0.0.1", where.port}) + " (from this machine only)";
  std::string others;
  for (std::size_t i = 1; i < hosts.size(); ++i)
    others += (others.empty() ? " (or " : ", ") + to_text({hosts[i], where.port});
  return "syngrad node --join " + to_text({hosts.front(), where.port}) + others + (others.empty() ? "" : ")");
}

} // namespace

result<std::unique_ptr<distributed_training>> distributed_training::open(setup given) {
  std::unique_ptr<distributed_training> out(new distributed_training(std::move(given)));
  const auto count = node_count_of(out->given_.run.cluster);
  if (!count) return count.failure();
  out->count_ = *count;
  auto opened = coordinated_training::open(out->library_setup(*count));
  if (!opened) return opened.failure();
  out->run_ = std::move(*opened);
  if (auto done = out->start_local_nodes(); !done) return done.failure();
  return out;
}

coordinated_training::setup distributed_training::library_setup(node_count count) {
  const auto& run = given_.run;
  const int local = run.cluster.local_nodes;
  coordinated_training::setup out;
  out.settings = run.settings;
  out.network = run.cluster.network;
  out.network.version = SYNGRAD_VERSION;
  out.threads = local > 0 ? 1 : run.settings.threads;
  out.nodes = count;
  out.wait_for_s = run.cluster.wait_for_s;
  for (int i = 1; i <= local; ++i) out.names.insert(local_node_name(i));
  out.awaited = nodes_of_places(run.devices.place);
  out.place = [this](const auto& groups, const auto& nodes) {
    return place_groups(given_.run.devices.place, groups, nodes, given_.run.settings.pipeline.chunks);
  };
  out.data = given_.data;
  out.observer = given_.observer;
  out.trace = given_.trace;
  out.on_trace = [this](const std::string& node, const trace_part& part) { given_.traces->take(node, part); };
  out.say = given_.say;
  out.gives_up = [this] { return nodes_that_ended(); };
  out.on_placed = [this](const auto& costs, const auto& places, const auto& nodes) { advise(costs, places, nodes); };
  out.on_told_to_end = given_.on_told_to_end;
  out.weights_on_disk = given_.weights_on_disk;
  return out;
}

status distributed_training::start_local_nodes() {
  std::vector<std::vector<std::string>> commands; // none is started where one cannot be
  for (int i = 1; i <= given_.run.cluster.local_nodes; ++i) {
    auto command = local_node_command(given_.run, {run_->listening(), run_->identity().name, given_.folder}, i);
    if (!command) return command.failure();
    commands.push_back(std::move(*command));
  }
  for (const auto& each : commands)
    if (auto started = local_.start(each); !started) return started;
  return ok();
}

std::optional<error> distributed_training::nodes_that_ended() {
  const auto ended = local_.first_that_ended();
  if (!ended) return std::nullopt;
  return error{ended->interrupted ? error_kind::interrupted : error_kind::peer,
               "--local-nodes: a node " + ended->how + " before the training began"};
}

// Where a batch waits for the one before it, or the policy bounds what is in flight, whatever the credits, nothing is
// said.
void distributed_training::advise(const std::vector<placeable_group>& costs, const std::vector<group_place>& places,
                                  const std::vector<placeable_node>& nodes) const {
  const auto& settings = given_.run.settings;
  const auto first_free = static_cast<std::uint64_t>(settings.warmup_batches);
  const auto policy = make_update_policy(settings);
  if (!policy || settings.deterministic || (*policy)->waits_for_gradient(first_free)) return;
  if ((*policy)->most_in_flight(0, static_cast<int>(settings.split.size())) > 0) return;
  planned_flow flow{costs, places, nodes, settings.batch_size, settings.credits};
  if (std::any_of(places.begin(), places.end(), [](const auto& each) { return each.node == 0; }))
    flow.nodes.push_back({0, "the coordinator", {"cpu"}, measure_host_rate(settings.threads)});
  if (const auto line = credit_advice(flow)) given_.say(*line);
}

training_summary distributed_training::run() {
  if (given_.run.cluster.local_nodes == 0)
    given_.say(fmt::format("waiting for {}{} at {}: {}", count_.least, count_.least == 1 ? " node" : " nodes",
                           to_text(run_->listening()), how_to_join(run_->identity().address)));
  return run_->run();
}

} // namespace syngrad::tools
