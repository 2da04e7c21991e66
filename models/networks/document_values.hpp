// Values in a network's JSON, and what is said of those that do not fit.
#pragma once

#include "models/networks/network_document.hpp"
#include "runtime/io/value_text.hpp"
#include "runtime/result.hpp"

#include <stdexcept>
#include <string>

namespace syngrad {

// Why a document is refused, and at which place. Leaves the reading as an exception, is caught where it ends
// (network_document.cpp), and goes no further.
class document_fault : public std::runtime_error {
public:
  // `place`: "units[3][1].padding"; empty: the document as a whole.
  document_fault(const std::string& place, const std::string& why)
    : std::runtime_error(place.empty() ? why : place + ": " + why) {}

  error as_error(error_kind kind) const { return {kind, what()}; }
};

// The value as text for the strict readers of numbers and names; a text is in quotes then, which none of them takes.
// Cut short where it is long.
std::string text_of(const network_document& value);

// "expected a list, got '5'"
std::string expected_instead(const std::string& what, const network_document& got);

// Throws what is wrong with it, at `place`.
std::int64_t whole_at(const std::string& place, const network_document& value, whole_range);

} // namespace syngrad
