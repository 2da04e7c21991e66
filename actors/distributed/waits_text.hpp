// What a process waits for, as text that goes over a control link: bounded, and fit for a terminal whoever sent it.
#pragma once

#include <caf/all.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace syngrad {

inline constexpr std::size_t longest_waits_text = std::size_t{32} << 10;
inline constexpr std::chrono::milliseconds waits_patience{500}; // for a process's own actors, all of them together

// A line for each actor, and then for each peer. Blocks for at most waits_patience.
std::vector<std::string> waits_of_process(std::vector<caf::actor> actors, const std::vector<caf::actor>& peers);

// Joined; lines for which there is no room are counted in a last one.
std::string to_waits_text(const std::vector<std::string>& lines, std::size_t limit = longest_waits_text);
// What is no printable character is replaced, and what is too long cut.
std::vector<std::string> read_waits_text(const std::string& text);

} // namespace syngrad
