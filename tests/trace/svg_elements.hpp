// The elements of a picture, for tests: every <NAME ...> with its attributes, in order.
#pragma once

#include <map>
#include <regex>
#include <string>
#include <vector>

namespace syngrad::test {

struct svg_element {
  std::map<std::string, std::string> attributes;
  std::string content; // up to the next tag

  double number(const std::string& name) const { return std::stod(attributes.at(name)); }
  bool has_class(const std::string& name) const {
    const auto found = attributes.find("class");
    return found != attributes.end() && (" " + found->second + " ").find(" " + name + " ") != std::string::npos;
  }
};

inline std::vector<svg_element> elements_of(const std::string& svg, const std::string& name) {
  static const std::regex attribute(R"re(([a-z0-9-]+)="([^"]*)")re");
  const std::regex element("<" + name + R"re(((?: [a-zA-Z0-9-]+="[^"]*")*)/?>([^<]*))re");
  std::vector<svg_element> found;
  for (std::sregex_iterator at(svg.begin(), svg.end(), element), end; at != end; ++at) {
    svg_element one;
    one.content = (*at)[2];
    const std::string text = (*at)[1];
    for (std::sregex_iterator each(text.begin(), text.end(), attribute); each != end; ++each)
      one.attributes[(*each)[1]] = (*each)[2];
    found.push_back(std::move(one));
  }
  return found;
}

inline std::vector<svg_element> elements_of(const std::string& svg, const std::string& name,
                                            const std::string& css_class) {
  auto found = elements_of(svg, name);
  std::erase_if(found, [&](const auto& one) { return !one.has_class(css_class); });
  return found;
}

} // namespace syngrad::test
