// Suggestions for misspelt names.
#pragma once

#include <span>
#include <string>

namespace syngrad {

// Of `names`, the one that takes the fewest insertions, deletions, replacements and swaps of neighbours to become
// `given`; empty where none is near (more than a third of its letters differ, but two may always).
std::string nearest_name(const std::string& given, std::span<const std::string> names);

// ": did you mean PREFIX + nearest?", or nothing.
std::string suggest(const std::string& given, std::span<const std::string> names, const std::string& prefix);

} // namespace syngrad
