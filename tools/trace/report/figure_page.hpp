// What pages of pictures are made of: the head with the style sheet, facts, figures, tables. No script, no font, no
// picture from anywhere.
#pragma once

#include "tools/trace/answer.hpp"
#include "tools/trace/report/figures.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

// Up to the beginning of <main>, which the page closes, and <body> and <html> after it.
std::string page_head(const std::string& title);

struct page_fact {
  std::string name, value;
  bool words = false; // smaller type: may be long
};
std::string html_of(const std::vector<page_fact>&);

std::string html_of(const answer_table&);

// A figure as a section of the page: heading, what to look for, legend, the picture for wide and for narrow screens,
// and the numbers behind <details>.
std::string html_of(const report_figure&);

} // namespace syngrad::tools
