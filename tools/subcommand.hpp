// What `syngrad NAME ...` can be: one file each, a declaration here, and a line in the registry (program/program.cpp).
#pragma once

#include "runtime/result.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

// How the program ends.
enum class exit_code : int {
  done = 0,         // also where the target was reached
  failed = 1,       // while running, or hung; or another process was not there, or did not take this one
  bad_usage = 2,    // with what was given the work cannot begin: another option, path, file or limit is wanted
  interrupted = 130 // by Ctrl-C or another signal of signals.hpp: 128 + SIGINT, as shells report it
};

struct subcommand {
  const char* name;
  const char* summary; // one line of `syngrad --help`
  // What follows the name on the command line. Prints its own errors, one line each.
  exit_code (*run)(std::span<const std::string> arguments);
};

// The subcommands, each defined in the folder of its name or of its work.
exit_code run_bench(std::span<const std::string> arguments);      // how fast the runtime is on this machine
exit_code run_certs(std::span<const std::string> arguments);      // a private CA, and certificates for the nodes
exit_code run_checkpoint(std::span<const std::string> arguments); // what runs have stored: told, checked, exchanged
exit_code run_compare(std::span<const std::string> arguments);    // trainings side by side, as a table and a page
exit_code run_devices(std::span<const std::string> arguments);    // what can be computed on here
exit_code run_evaluate(std::span<const std::string> arguments);   // how good the network of a run is
exit_code run_generate(std::span<const std::string> arguments);   // text, by a network that was trained on one
exit_code run_memory(std::span<const std::string> arguments);     // what a run will hold in memory
exit_code run_models(std::span<const std::string> arguments);     // the kinds of network, and what one is made of
exit_code run_node(std::span<const std::string> arguments);       // a process that takes part in a coordinator's run
exit_code run_nodes(std::span<const std::string> arguments);      // asks a coordinator who is with it
exit_code run_predict(std::span<const std::string> arguments);    // what the network of a run says of samples
exit_code run_simulate(std::span<const std::string> arguments);   // how a run would go on other machines
exit_code run_trace(std::span<const std::string> arguments);      // questions about the messages of a run
exit_code run_train(std::span<const std::string> arguments);      // from options to a trained network and a run folder

// The program without its main(): picks the subcommand, or answers --help and --version. `arguments`: the command line
// without the program's name.
exit_code run_program(std::span<const std::string> arguments);

// The kind of a failure decides; for what the machine lacks also whether the work had begun.
//
//  kind                                     before the work   during it
//  setting                                  bad_usage         bad_usage
//  file, data, resource, device, busy       bad_usage         failed
//  peer, internal                           failed            failed
//  interrupted                              interrupted       interrupted
exit_code exit_code_of(error_kind, bool begun);

// One line on the standard error, "syngrad NAME: MESSAGE", and how the program ends: of what was found before any work,
// and of what failed later.
exit_code refuse_command(const std::string& name, const error&);
exit_code fail_command(const std::string& name, const error&);

} // namespace syngrad::tools
