#include "tools/command_line/option_row.hpp"

#include "runtime/io/text_file.hpp"
#include "runtime/text.hpp"
#include "tools/command_line/nearest_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace syngrad::tools {

namespace {

template <class Number>
std::string format_number(Number number) {
  std::array<char, 40> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr};
}

error expected(const std::string& what, const std::string& got) {
  return {"expected " + what + ", got '" + visible(got) + "'"};
}

std::string describe_whole(std::int64_t least, std::int64_t most) {
  if (most == std::numeric_limits<std::int64_t>::max() || most == std::numeric_limits<int>::max())
    return "a whole number of at least " + std::to_string(least);
  return "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
}

result<std::int64_t> read_whole(const std::string& value, std::int64_t least, std::int64_t most) {
  const auto number = parse_whole(value);
  if (!number || *number < least || *number > most) return expected(describe_whole(least, most), value);
  return *number;
}

std::string describe_real(const real_range& range) {
  const auto low = (range.without_least ? "above " : "of at least ") + format_real(range.least);
  if (range.most == std::numeric_limits<double>::infinity()) return "a number " + low;
  return "a number " + low + (range.without_most ? " and below " : " and at most ") + format_real(range.most);
}

result<double> read_real(const std::string& value, const real_range& range) {
  const auto number = parse_real(value);
  const bool in_range = number && (range.without_least ? *number > range.least : *number >= range.least) &&
                        (range.without_most ? *number < range.most : *number <= range.most);
  if (!in_range) return expected(describe_real(range), value);
  return *number;
}

// `read` gives a result; its value goes to `target`.
template <class Target, class Read>
auto setter(Target& target, Read read) {
  return [&target, read](const std::string& value) -> status {
    auto got = read(value);
    if (!got) return got.failure();
    if constexpr (std::is_arithmetic_v<Target>)
      target = static_cast<Target>(*got);
    else
      target = static_cast<typename Target::value_type>(*got);
    return ok();
  };
}

} // namespace

std::optional<std::int64_t> parse_whole(const std::string& value) {
  return parse_number<std::int64_t>(value);
}

std::optional<double> parse_real(const std::string& value) {
  const auto number = parse_number<double>(value);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::string format_real(double value) {
  return format_number(value);
}

std::string format_real(float value) {
  return format_number(value);
}

error option_error(const std::string& option, const std::string& why) {
  return {"--" + option + ": " + why};
}

std::string join_choices(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return text;
}

option_row whole_number(std::string name, std::int64_t& target, std::int64_t least, std::int64_t most,
                        std::string help) {
  return {std::move(name), "N", std::move(help),
          setter(target, [=](const std::string& value) { return read_whole(value, least, most); }),
          [&target] { return std::to_string(target); }};
}

option_row whole_number(std::string name, int& target, int least, int most, std::string help) {
  return {std::move(name), "N", std::move(help),
          setter(target, [=](const std::string& value) { return read_whole(value, least, most); }),
          [&target] { return std::to_string(target); }};
}

option_row whole_number(std::string name, std::uint64_t& target, std::string help) {
  return {std::move(name), "N", std::move(help),
          setter(target,
                 [](const std::string& value) -> result<std::uint64_t> {
                   if (const auto number = parse_number<std::uint64_t>(value)) return *number;
                   return expected("a whole number of at least 0", value);
                 }),
          [&target] { return std::to_string(target); }};
}

option_row optional_number(std::string name, std::optional<int>& target, int least, int most, std::string help) {
  return {std::move(name), "N", std::move(help),
          setter(target, [=](const std::string& value) { return read_whole(value, least, most); }),
          [&target] { return target ? std::optional(std::to_string(*target)) : std::nullopt; }};
}

option_row real_number(std::string name, std::string argument, double& target, real_range range, std::string help) {
  return {std::move(name), std::move(argument), std::move(help),
          setter(target, [=](const std::string& value) { return read_real(value, range); }),
          [&target] { return format_real(target); }};
}

option_row real_number(std::string name, std::string argument, float& target, real_range range, std::string help) {
  return {std::move(name), std::move(argument), std::move(help),
          setter(target, [=](const std::string& value) { return read_real(value, range); }),
          [&target] { return format_real(target); }};
}

option_row optional_real(std::string name, std::string argument, std::optional<double>& target, real_range range,
                         std::string help) {
  return {std::move(name), std::move(argument), std::move(help),
          setter(target, [=](const std::string& value) { return read_real(value, range); }),
          [&target] { return target ? std::optional(format_real(*target)) : std::nullopt; }};
}

option_row text(std::string name, std::string argument, std::string& target, std::string help,
                std::function<status(const std::string&)> check) {
  return {std::move(name), std::move(argument), std::move(help),
          [&target, check = std::move(check)](const std::string& value) -> status {
            if (check)
              if (auto good = check(value); !good) return good;
            target = value;
            return ok();
          },
          [&target] { return target; }};
}

option_row choice(std::string name, std::string& target, std::vector<std::string> known, std::string help) {
  auto argument = join_text(known, "|");
  auto check = [known = std::move(known)](const std::string& value) -> status {
    if (std::find(known.begin(), known.end(), value) != known.end()) return ok();
    return error{"expected " + join_choices(known) + ", got '" + visible(value) + "'" + suggest(value, known, "")};
  };
  return text(std::move(name), std::move(argument), target, std::move(help), std::move(check));
}

option_row flag(std::string name, bool& target, std::string help) {
  return {std::move(name), "", std::move(help),
          [&target](const std::string& value) -> status {
            if (value != "true" && value != "false") return expected("true or false", value);
            target = value == "true";
            return ok();
          },
          [&target] { return std::string(target ? "true" : "false"); }};
}

} // namespace syngrad::tools
