#include "tools/devices/devices_command.hpp"

#include "tools/command_line/option_help.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/devices/inventory_text.hpp"
#include "tools/subcommand.hpp"

#include <iostream>

namespace syngrad::tools {

exit_code run_devices(std::span<const std::string> arguments) {
  std::string format = "table";
  bool help = false;
  option_reader reader(
    {{"Output",
      {choice("format", format, {"table", "json"}, "For people, or for programs"), flag("help", help, "This text")}}});
  if (asks_for_help(arguments)) {
    std::cout << "Usage: syngrad devices [OPTION]...\n\n"
                 "Lists what `syngrad train --device` can compute on, and says of the rest why not.\n"
                 "Defaults stand in brackets.\n\n"
              << format_option_help(reader.groups())
              << "Examples:\n  syngrad devices\n  syngrad devices --format json\n";
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("devices", read.message());
  const auto shown = format == "json" ? format_inventory_json : format_inventory_table;
  std::cout << shown(describe_host_processor(), list_cuda_devices()) << std::flush;
  return exit_code::done;
}

} // namespace syngrad::tools
