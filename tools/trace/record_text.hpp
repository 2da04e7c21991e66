// A record's fields as people read them: what `type` and `value` mean depends on the kind.
#pragma once

#include "runtime/trace/trace_record.hpp"
#include "tools/trace/answer.hpp"

#include <optional>
#include <string>

namespace syngrad::tools {

std::string type_text(const trace_record&); // "activation", "cosine", "synthetic"; empty where it has none
cell value_of(const trace_record&);         // bytes, a measure, what is waited for; nothing where it has none
std::string message_text(std::uint64_t);    // "0x1000000002a"
std::optional<std::uint64_t> parse_message(const std::string&); // a number: decimal, or hexadecimal after 0x

} // namespace syngrad::tools
