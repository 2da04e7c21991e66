#include "tools/command_line/option_row.hpp"

#include "actors/setting_schema.hpp"
#include "runtime/text.hpp"

#include <stdexcept>

namespace syngrad::tools {

namespace {

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

error option_error(const std::string& option, const std::string& why) {
  return error::setting("--" + option + ": " + why);
}

option_row whole_number(std::string name, std::int64_t& target, std::int64_t least, std::int64_t most,
                        std::string help) {
  return {std::move(name), "N", std::move(help),
          setter(target,
                 [=](const std::string& value) {
                   return read_whole(value, {least, most});
                 }),
          [&target] { return std::to_string(target); }};
}

option_row whole_number(std::string name, int& target, int least, int most, std::string help) {
  return {std::move(name), "N", std::move(help),
          setter(target,
                 [=](const std::string& value) {
                   return read_whole(value, {least, most});
                 }),
          [&target] { return std::to_string(target); }};
}

option_row optional_number(std::string name, std::optional<int>& target, int least, int most, std::string help) {
  return {std::move(name), "N", std::move(help),
          setter(target,
                 [=](const std::string& value) {
                   return read_whole(value, {least, most});
                 }),
          [&target] { return target ? std::optional(std::to_string(*target)) : std::nullopt; }};
}

option_row real_number(std::string name, std::string argument, double& target, real_range range, std::string help) {
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
  auto check = [known = std::move(known)](const std::string& value) { return check_choice(value, known); };
  return text(std::move(name), std::move(argument), target, std::move(help), std::move(check));
}

option_row flag(std::string name, bool& target, std::string help) {
  return {std::move(name), "", std::move(help), setter(target, read_flag),
          [&target] { return std::string(target ? "true" : "false"); }};
}

option_row setting_row(run_settings& target, const std::string& name, std::string help, std::string shown_default) {
  for (auto& each : setting_schema())
    if (each.name == name)
      return {each.name,
              each.form,
              std::move(help),
              [&target, read = each.read](const std::string& value) { return read(target, value); },
              [&target, text = each.text] { return text(target); },
              std::move(shown_default)};
  throw std::logic_error("a row of a setting that there is not: " + name);
}

} // namespace syngrad::tools
