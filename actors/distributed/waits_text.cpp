#include "actors/distributed/waits_text.hpp"

#include "actors/hang_report.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace syngrad {

namespace {

constexpr std::size_t longest_last_line = 48;

} // namespace

std::vector<std::string> waits_of_process(std::vector<caf::actor> actors, const std::vector<caf::actor>& peers) {
  actors.insert(actors.end(), peers.begin(), peers.end());
  return who_waits_for_whom(actors, waits_patience);
}

std::string to_waits_text(const std::vector<std::string>& lines, std::size_t limit) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (text.size() + lines[i].size() + longest_last_line > limit)
      return text + "and " + std::to_string(lines.size() - i) + " more lines\n";
    text += lines[i] + '\n';
  }
  return text;
}

std::vector<std::string> read_waits_text(const std::string& text) {
  std::istringstream in(text.substr(0, longest_waits_text));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    std::replace_if(
      line.begin(), line.end(), [](unsigned char each) { return each < 0x80 && !std::isprint(each); }, '?');
    lines.push_back(std::move(line));
  }
  return lines;
}

} // namespace syngrad
