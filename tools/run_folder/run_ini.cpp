#include "tools/run_folder/run_ini.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace syngrad::tools {

std::string format_run_ini(std::span<const option_group> groups, const std::string& folder) {
  constexpr std::array<std::string_view, 3> left_out{"run", "config", "help"};
  std::string text = "# syngrad " SYNGRAD_VERSION "; results in " + folder +
                     "\n# Repeat this run: syngrad train --config " + folder + "/run.ini\n";
  for (const auto& group : groups) {
    text += "\n# " + group.title + "\n";
    for (const auto& row : group.rows) {
      if (std::find(left_out.begin(), left_out.end(), row.name) != left_out.end()) continue;
      if (const auto value = row.get())
        text += row.name + " = " + *value + "\n";
      else
        text += "# " + row.name + ": not set\n";
    }
  }
  return text;
}

} // namespace syngrad::tools
