#include "tools/distributed/local_nodes.hpp"

#include "actors/nodes/addresses.hpp"
#include "runtime/process/process_limits.hpp"
#include "tools/subcommand.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace syngrad::tools {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds patience{20}; // of nodes that are told to end: for what they have to save

// Between fork and exec: nothing but system calls.
[[noreturn]] void become_node(char* const* arguments, int input) {
  ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr); // the parent takes its signals by a thread
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(input, STDIN_FILENO);
  ::dup2(nowhere, STDOUT_FILENO);
  ::execv("/proc/self/exe", arguments);
  ::_exit(127);
}

// Waits until the process has ended, or until then.
bool ends_until(pid_t process, std::chrono::steady_clock::time_point until) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  if (handle < 0) return ::waitpid(process, nullptr, WNOHANG) != 0;
  pollfd ended{handle, POLLIN, 0};
  int ready = 0;
  do {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    ready = ::poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
  } while (ready < 0 && errno == EINTR);
  ::close(handle);
  if (ready > 0) ::waitpid(process, nullptr, 0);
  return ready > 0;
}

// `how`: as waitpid() tells it. A node may be interrupted before it can take signals.
local_nodes::ended_node describe_end(int how) {
  if (WIFSIGNALED(how)) {
    const int number = WTERMSIG(how);
    return {"was killed by signal " + std::to_string(number),
            number == SIGINT || number == SIGTERM || number == SIGHUP};
  }
  const int code = WEXITSTATUS(how);
  return {"ended with exit code " + std::to_string(code), code == static_cast<int>(exit_code::interrupted)};
}

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
  return {error_kind::file, "--local-nodes: node " + local_node_name(number) +
                              " needs a certificate of its own, and there is no '" + missing.string() +
                              "': `syngrad certs DIR --" + what +
                              "` makes it, where DIR is the folder with the CA of " + own_name};
}

} // namespace

local_nodes::~local_nodes() {
  if (our_end_ >= 0) ::close(our_end_);
  const auto until = std::chrono::steady_clock::now() + patience;
  for (const auto each : running_) {
    if (ends_until(each, until)) continue;
    ::kill(each, SIGKILL);
    ::waitpid(each, nullptr, 0);
  }
  if (their_input_ >= 0) ::close(their_input_);
}

status local_nodes::start(const std::vector<std::string>& arguments) {
  const auto fails = [] {
    return error::resource(std::string("--local-nodes: cannot start a process: ") + std::strerror(errno));
  };
  if (our_end_ < 0) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fails();
    their_input_ = ends[0];
    our_end_ = ends[1];
  }
  std::vector<std::string> words{"syngrad"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& each : words) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  const auto child = ::fork();
  if (child < 0) return fails();
  if (child == 0) become_node(pointers.data(), their_input_);
  running_.push_back(child);
  return ok();
}

std::optional<local_nodes::ended_node> local_nodes::first_that_ended() {
  for (std::size_t i = 0; i < running_.size(); ++i) {
    int how = 0;
    if (::waitpid(running_[i], &how, WNOHANG) <= 0) continue;
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    return describe_end(how);
  }
  return std::nullopt;
}

std::string local_node_name(int number) {
  return fmt::format("local-{}", number);
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

input_end::input_end(std::function<void()> ended, int input) : ended_(std::move(ended)), input_(input) {
  if (stop_.file() < 0) throw std::system_error(errno, std::generic_category(), "cannot watch standard input");
  thread_ = std::thread([this] { watch(); });
}

input_end::~input_end() {
  stop_.press();
  thread_.join();
}

// A descriptor that cannot be read is one that has ended.
void input_end::watch() {
  std::array<char, 4096> dropped{};
  while (true) {
    pollfd sources[]{{input_, POLLIN, 0}, {stop_.file(), POLLIN, 0}};
    if (::poll(sources, 2, -1) < 0) continue;
    if (sources[1].revents) return;
    const auto got = ::read(input_, dropped.data(), dropped.size());
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) continue;
    ended_();
    return;
  }
}

} // namespace syngrad::tools
