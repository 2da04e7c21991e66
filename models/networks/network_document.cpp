#include "models/networks/network_document.hpp"

#include "models/networks/document_values.hpp"
#include "models/networks/layer_arguments.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <set>

namespace syngrad {

// ---- from text

namespace {

// Refuses what JSON allows and a network is not, before memory is spent on it. Knows the place while it is being read.
class document_watch {
public:
  using event = network_document::parse_event_t;

  void check(int depth, event what, const network_document& parsed) {
    const auto level = static_cast<std::size_t>(depth);
    const bool opens = what == event::object_start || what == event::array_start;
    if (what == event::key) {
      open_[level].name = parsed.get_ref<const std::string&>();
      if (!open_[level].names.insert(open_[level].name).second) throw document_fault(place(level), "is there twice");
    } else if ((opens || what == event::value) && level > 0 && open_[level].is_list) {
      ++open_[level].index;
    }
    if (!opens) return;
    if (level >= most_levels)
      throw document_fault(place(level), "lists and objects are nested deeper than " + std::to_string(most_levels) +
                                           " levels; write inner layers one after another");
    open_.resize(level + 2);
    open_[level + 1] = {what == event::array_start, {}, "", -1};
  }

private:
  static constexpr std::size_t most_levels = 32;

  struct container {
    bool is_list = false;
    std::set<std::string> names; // met so far, of an object
    std::string name;            // of the member that is being read
    int index = -1;              // of the element, of a list
  };

  std::string place(std::size_t level) const {
    std::string text;
    for (std::size_t i = 1; i <= level; ++i) {
      const auto& each = open_[i];
      text += each.is_list ? "[" + std::to_string(each.index) + "]" : (text.empty() ? "" : ".") + visible(each.name);
    }
    return text;
  }

  std::vector<container> open_; // by level, from 1
};

std::string line_and_column(std::string_view text, std::size_t byte) {
  const auto before = text.substr(0, std::min(text.size(), byte > 0 ? byte - 1 : 0));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto line_begin = before.rfind('\n');
  const auto column = before.size() - (line_begin == std::string_view::npos ? 0 : line_begin + 1) + 1;
  return fmt::format("line {}, column {}", line, column);
}

// "unexpected end of input; expected '}'": without what the library puts in front.
std::string syntax_fault(const std::string& message) {
  const auto dash = message.find(" - ");
  return "this is no JSON" + (dash == std::string::npos ? "" : ": " + visible(message.substr(dash + 3)));
}

} // namespace

result<network_document> parse_network_document(std::string_view text) {
  document_watch watch;
  try {
    return network_document::parse(text,
                                   [&watch](int depth, document_watch::event what, const network_document& parsed) {
                                     watch.check(depth, what, parsed);
                                     return true;
                                   });
  } catch (const document_fault& fault) {
    return fault.as_error(error_kind::data);
  } catch (const network_document::parse_error& failure) {
    return document_fault(line_and_column(text, failure.byte), syntax_fault(failure.what())).as_error(error_kind::data);
  } catch (const network_document::exception& failure) { // a number that no type holds
    return error::data("this is no JSON: " + visible(failure.what()));
  }
}

// ---- to a network

namespace {

constexpr std::int64_t most_elements = std::int64_t{1} << 31; // of a sample
constexpr std::size_t most_units = 4096;

void check_names(const network_document& object, const std::string& place, const std::vector<std::string>& known) {
  for (const auto& [name, value] : object.items())
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw document_fault(place, "unknown " + quoted_begin(name) + "; known are " + join_text(known));
}

shape input_shape(const network_document& list, const std::string& place) {
  const std::string what = fmt::format("a list of 1 to {} sizes such as [28, 28, 1]", shape::max_rank - 1);
  if (!list.is_array() || list.empty() || list.size() >= shape::max_rank)
    throw document_fault(place, expected_instead(what, list));
  std::vector<std::int64_t> extents;
  auto most = most_elements;
  for (std::size_t i = 0; i < list.size(); ++i) {
    extents.push_back(whole_at(place + "[" + std::to_string(i) + "]", list[i], {1, most}));
    most /= extents.back();
  }
  return shape(extents);
}

sample_spec input_of(const network_document& document) {
  const auto found = document.find("input");
  if (found == document.end())
    throw document_fault("", R"("input" is missing: the shape of a sample, such as "input": [28, 28, 1])");
  if (!found->is_object()) return {input_shape(*found, "input")};
  check_names(*found, "input", {"shape", "categories"});
  if (!found->contains("shape")) throw document_fault("input", R"("shape" is missing, such as "shape": [64])");
  if (!found->contains("categories"))
    throw document_fault("input",
                         R"("categories" is missing: the whole numbers are below it, such as "categories": 65)");
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  const auto categories = whole_at("input.categories", (*found)["categories"], {0, most});
  return {input_shape((*found)["shape"], "input.shape"), dtype::i32, static_cast<std::int32_t>(categories)};
}

network network_in(const network_document& document) {
  if (!document.is_object())
    throw document_fault("", expected_instead(R"(an object {"input": ..., "units": ...})", document));
  check_names(document, "", {"name", "input", "units"});
  if (const auto name = document.find("name"); name != document.end() && !name->is_string())
    throw document_fault("name", expected_instead("a text", *name));
  network made{name_of_document(document), input_of(document), {}};
  const auto units = document.find("units");
  if (units == document.end() || !units->is_array() || units->empty() || units->size() > most_units)
    throw document_fault(
      "units", expected_instead("a list of 1 to " + std::to_string(most_units) + " units, each a list of layers",
                                units == document.end() ? network_document() : *units));
  auto spec = made.input;
  for (std::size_t i = 0; i < units->size(); ++i)
    made.units.push_back(read_layers((*units)[i], "units[" + std::to_string(i) + "]", spec));
  return made;
}

} // namespace

result<network> make_documented_network(const network_document& document) {
  try {
    return network_in(document);
  } catch (const document_fault& fault) {
    return fault.as_error(error_kind::setting);
  }
}

// ---- to text

std::string name_of_document(const network_document& document) {
  const auto found = document.find("name");
  return found == document.end() || !found->is_string() ? "in JSON" : visible(found->get_ref<const std::string&>());
}

namespace {

constexpr std::size_t line_width = 100;

std::string in_one_line(const network_document& value) {
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [name, each] : value.items()) {
    text += text.empty() ? "" : ", ";
    if (value.is_object()) text += network_document(name).dump() + ": ";
    text += in_one_line(each);
  }
  return value.is_object() ? "{" + text + "}" : "[" + text + "]";
}

// `indent`: of the line on which it begins; `before`: what stands there already.
std::string in_lines(const network_document& value, std::size_t indent, std::size_t before) {
  auto line = in_one_line(value);
  if (!value.is_structured() || indent + before + line.size() <= line_width) return line;
  std::string text;
  const std::string margin(indent + 2, ' ');
  for (const auto& [name, each] : value.items()) {
    const auto label = value.is_object() ? network_document(name).dump() + ": " : std::string();
    text += (text.empty() ? "\n" : ",\n") + margin + label + in_lines(each, indent + 2, label.size());
  }
  text += "\n" + std::string(indent, ' ');
  return value.is_object() ? "{" + text + "}" : "[" + text + "]";
}

} // namespace

std::string show_network_document(const network_document& document) {
  return in_lines(document, 0, 0) + "\n";
}

} // namespace syngrad
