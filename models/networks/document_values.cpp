#include "models/networks/document_values.hpp"

#include "runtime/io/text_file.hpp"

#include <nlohmann/json.hpp>

namespace syngrad {

std::string text_of(const network_document& value) {
  constexpr std::size_t most = 40;
  const auto text = value.dump();
  return text.size() > most ? text.substr(0, most) + "..." : text;
}

std::string expected_instead(const std::string& what, const network_document& got) {
  return "expected " + what + ", got " + quoted_begin(got.dump());
}

std::int64_t whole_at(const std::string& place, const network_document& value, whole_range range) {
  const auto read = read_whole(text_of(value), range);
  if (!read) throw document_fault(place, read.message());
  return *read;
}

} // namespace syngrad
