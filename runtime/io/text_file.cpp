#include "runtime/io/text_file.hpp"

#include "runtime/io/file_descriptor.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace syngrad {

namespace {

using namespace std::string_view_literals;

// The longer marks first: that of UTF-32 begins with that of UTF-16.
struct encoding {
  std::string_view mark;
  const char* name;
};
constexpr std::array encodings{encoding{"\xff\xfe\0\0"sv, "UTF-32"}, encoding{"\0\0\xfe\xff"sv, "UTF-32"},
                               encoding{"\xff\xfe"sv, "UTF-16"}, encoding{"\xfe\xff"sv, "UTF-16"}};
constexpr auto utf8_mark = "\xef\xbb\xbf"sv;

error wrong_encoding(const std::string& path, const std::string& name) {
  return {error_kind::data, "'" + path + "' is " + name +
                              " text, as some editors save it; save it as UTF-8: iconv -f " + name + " -t UTF-8"};
}

// Without a mark, Latin letters give it away.
bool looks_like_utf16(std::string_view first) {
  if (first.size() < 4) return first.size() == 2 && (first[0] == 0) != (first[1] == 0);
  const auto at = [&](std::size_t i) { return first[i] == 0; };
  return (at(0) && !at(1) && at(2) && !at(3)) || (!at(0) && at(1) && !at(2) && at(3));
}

error no_text(const std::string& path) {
  return {error_kind::data, "'" + path + "' is no text: it holds a NUL byte; give a text file"};
}

// Of anything that can be read: a process substitution is a FIFO.
result<std::string> read_bytes(const std::string& path, std::size_t most_bytes) {
  constexpr std::size_t piece_bytes = 4096;
  const open_file file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  if (file.number < 0) return file_error("open", path, errno);
  std::string text;
  struct stat about {};
  if (::fstat(file.number, &about) == 0 && S_ISREG(about.st_mode)) // keys are read here: no copies by growing
    text.reserve(std::min(static_cast<std::size_t>(about.st_size), most_bytes) + piece_bytes);
  while (true) {
    const auto had = text.size();
    text.resize(had + piece_bytes);
    const auto got = ::read(file.number, text.data() + had, piece_bytes);
    if (got < 0 && errno != EINTR) return file_error("read", path, errno);
    text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return text;
    if (text.size() > most_bytes)
      return error::data("'" + path + "' has more than " + byte_size(most_bytes) +
                         ", which no text that is wanted here has; check the path");
  }
}

bool is_blank_that_cannot_be_seen(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0xa0) || code == 0xad || (code >= 0x2000 && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202f) || (code >= 0x205f && code <= 0x206f) || code == 0x3000 || code == 0xfeff;
}

struct utf8_character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
};

// The character at the begin of `text`; none where that is no UTF-8.
std::optional<utf8_character> first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return utf8_character{lead, 1};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return std::nullopt;
  auto code = static_cast<std::uint32_t>(lead & (0x7f >> bytes));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return std::nullopt;
    code = code << 6 | (next & 0x3f);
  }
  return utf8_character{code, bytes};
}

std::string escaped(const char* format, std::uint32_t number) {
  char text[16];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

} // namespace

result<std::size_t> text_begin(std::string_view first, const std::string& path) {
  if (first.starts_with(utf8_mark)) return utf8_mark.size();
  for (const auto& each : encodings)
    if (first.starts_with(each.mark)) return wrong_encoding(path, each.name);
  const auto beginning = first.substr(0, 4);
  if (looks_like_utf16(beginning)) return wrong_encoding(path, "UTF-16");
  if (beginning.find('\0') != std::string_view::npos) return no_text(path);
  return std::size_t{0};
}

std::size_t line_ends::unify(char* data, std::size_t bytes) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    const char byte = data[i];
    const bool belongs_to_cr = byte == '\n' && after_cr_;
    after_cr_ = byte == '\r';
    if (!belongs_to_cr) data[kept++] = after_cr_ ? '\n' : byte;
  }
  return kept;
}

result<std::string> read_text_file(const std::string& path, std::size_t most_bytes) {
  auto text = read_bytes(path, most_bytes);
  if (!text) return text;
  const auto begin = text_begin(*text, path);
  if (!begin) return begin.failure();
  if (text->find('\0') != std::string::npos) return no_text(path);
  text->erase(0, *begin);
  text->resize(line_ends().unify(text->data(), text->size()));
  return text;
}

std::string visible(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto character = first_character(text);
    const auto bytes = character ? character->bytes : 1;
    if (!character)
      out += escaped("\\x%02X", static_cast<unsigned char>(text.front()));
    else if (is_blank_that_cannot_be_seen(character->code))
      out += escaped("\\u{%04X}", character->code);
    else
      out += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return out;
}

std::string quoted_begin(std::string_view text, std::size_t most_bytes) {
  return "'" + visible(text.substr(0, most_bytes)) + (text.size() > most_bytes ? "...'" : "'");
}

} // namespace syngrad
