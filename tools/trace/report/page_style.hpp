// The style sheet of the report: colours of light and dark, type, and how the page fits a phone.
#pragma once

#include <string_view>

namespace syngrad::tools {

std::string_view page_style();

} // namespace syngrad::tools
