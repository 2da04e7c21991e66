#include "tools/trace/export/export_format.hpp"

#include <array>

namespace syngrad::tools {

std::span<const export_format* const> export_formats() {
  static constexpr std::array registry{&perfetto_export, &sqlite_export, &csv_export, &json_export};
  return registry;
}

} // namespace syngrad::tools
