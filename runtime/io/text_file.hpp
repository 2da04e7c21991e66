// Text as editors leave it, read in one way everywhere.
//
//   text  = [ UTF-8 byte-order mark ] { line end | byte }       in ASCII, or UTF-8, or anything else that extends ASCII
//   line end = LF | CR LF | CR, which all become LF
//
// UTF-16 and UTF-32, with or without a mark, and what holds a NUL byte are refused with a message that says what they
// are. Free of state but for line_ends; any thread.
#pragma once

#include "runtime/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace syngrad {

// Where the text begins in a file that begins with `first` (a few bytes will do: 4): behind the mark, or at 0. Fails
// where it is no text that is read here; `path` is for the message.
result<std::size_t> text_begin(std::string_view first, const std::string& path);

// Makes every line end of a text one LF, piece by piece.
class line_ends {
public:
  // In place; returns how many of the `bytes` are left.
  std::size_t unify(char* data, std::size_t bytes);

private:
  bool after_cr_ = false; // the last byte of the last piece was one: an LF that comes now belongs to it
};

// The whole of a file, a FIFO or a device, without mark, with LF at the ends of its lines. Fails where it is longer
// than `most_bytes`: then it is not what was meant.
result<std::string> read_text_file(const std::string& path, std::size_t most_bytes = std::size_t{16} << 20);

// For messages that quote a text: control characters and blanks that cannot be seen become \u{FEFF} and the like.
std::string visible(std::string_view text);

// `text` from a file as part of a message of one line: visible, in quotes, and cut short where it is long.
std::string quoted_begin(std::string_view text, std::size_t most_bytes = 40);

} // namespace syngrad
