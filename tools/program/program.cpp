#include "runtime/nearest_name.hpp"
#include "tools/subcommand.hpp"

#include <array>
#include <iomanip>
#include <iostream>
#include <vector>

namespace syngrad::tools {

namespace {

// Every subcommand, in the order of the help text.
std::span<const subcommand> subcommands() {
  static constexpr std::array registry{
    subcommand{"train", "train a network whose layer groups do not wait for each other", run_train},
    subcommand{"compare", "train with every combination of policies, links and options, and show them side by side",
               run_compare},
    subcommand{"node", "take part in a run that another process coordinates", run_node},
    subcommand{"models", "show what a network is made of and how it is split, without training", run_models},
    subcommand{"memory", "tell before a run what each of its groups will hold in memory", run_memory},
    subcommand{"simulate", "tell how a run would go on machines that are not there", run_simulate},
    subcommand{"evaluate", "judge the network of a run, on its test set or on other data", run_evaluate},
    subcommand{"predict", "say what the network of a run makes of samples: classes, probabilities, values",
               run_predict},
    subcommand{"generate", "write a text with a network that was trained on one", run_generate},
    subcommand{"checkpoint", "tell what runs have stored, check it, and exchange weights with PyTorch", run_checkpoint},
    subcommand{"trace", "inspect the messages of a run: who waited for whom, how good the gradients were", run_trace},
    subcommand{"devices", "list what can be computed on, and why something cannot", run_devices},
    subcommand{"nodes", "show which processes take part in a run, and how they are connected", run_nodes},
    subcommand{"certs", "make a private certificate authority and certificates for the nodes of a cluster", run_certs},
    subcommand{"bench", "measure how fast the runtime is on this machine", run_bench},
  };
  return registry;
}

void print_program_help() {
  std::cout << "syngrad " SYNGRAD_VERSION
               ": trains neural networks with synthetic gradients, a layer group an actor\n\n"
               "Usage: syngrad COMMAND [OPTION]...\n\nCommands:\n";
  for (const auto& command : subcommands())
    std::cout << "  " << std::left << std::setw(11) << command.name << command.summary << '\n';
  std::cout << "\n  syngrad help COMMAND      the options of a command, with examples\n"
               "  syngrad --version         the version of the program\n\n"
               "Start with `syngrad train`: without options it trains the built-in digits within a minute.\n";
}

const subcommand* find_subcommand(const std::string& name) {
  for (const auto& command : subcommands())
    if (name == command.name) return &command;
  return nullptr;
}

exit_code report_unknown(const std::string& name) {
  std::vector<std::string> names{"help"};
  for (const auto& command : subcommands()) names.emplace_back(command.name);
  std::cerr << "syngrad: unknown command '" << name << "'" << suggest(name, names, "")
            << "; `syngrad --help` lists the commands\n";
  return exit_code::bad_usage;
}

exit_code help(std::span<const std::string> arguments) {
  if (arguments.empty()) {
    print_program_help();
    return exit_code::done;
  }
  const auto* command = find_subcommand(arguments.front());
  if (!command) return report_unknown(arguments.front());
  const std::vector<std::string> wanted{"--help"};
  return command->run(wanted);
}

} // namespace

exit_code run_program(std::span<const std::string> arguments) {
  if (arguments.empty()) {
    print_program_help();
    return exit_code::done;
  }
  const auto& first = arguments.front();
  const auto rest = arguments.subspan(1);
  if (first == "help" || first == "--help" || first == "-h") return help(rest);
  if (first == "--version") {
    std::cout << "syngrad " SYNGRAD_VERSION "\n";
    return exit_code::done;
  }
  const auto* command = find_subcommand(first);
  return command ? command->run(rest) : report_unknown(first);
}

} // namespace syngrad::tools
