#include "models/state_archive.hpp"

#include "runtime/device.hpp"
#include "runtime/operators.hpp"
#include "runtime/text.hpp"

#include <charconv>
#include <cstdlib>
#include <fmt/core.h>
#include <utility>

namespace syngrad {

namespace state_text {

std::string of(bool value) {
  return value ? "true" : "false";
}

std::string of(double value) {
  return fmt::format("{:a}", value);
}

bool read(const std::string& text, bool& value) {
  if (text != "true" && text != "false") return false;
  value = text == "true";
  return true;
}

bool read(const std::string& text, double& value) {
  char* end = nullptr;
  const auto number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') return false;
  value = number;
  return true;
}

namespace {

template <class T>
bool read_whole(const std::string& text, T& value) {
  T number{};
  const auto* const end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc{} || stopped != end) return false;
  value = number;
  return true;
}

} // namespace

bool read(const std::string& text, std::int64_t& value) {
  return read_whole(text, value);
}

bool read(const std::string& text, std::uint64_t& value) {
  return read_whole(text, value);
}

bool read(const std::string& text, std::string& value) {
  value = text;
  return true;
}

} // namespace state_text

namespace {

constexpr std::string_view null_tensor = "null", same_memory = "same memory as ";

std::string text_of(const tensor& of) {
  static constexpr const char* names[] = {"f32", "i32", "u8", "bf16"};
  return std::string(names[static_cast<int>(of.type())]) + " " + of.extents().to_string();
}

} // namespace

state_archive::state_archive(stream* work, saved_part* into, const saved_part* from)
  : work_(work), into_(into), from_(from) {
  if (!from) return;
  for (const auto& each : from->tensors) tensors_.emplace(each.name, &each.value);
}

void state_archive::fail(const std::string& why) {
  if (is_well()) outcome_ = error::data(fmt::format("the saved state of {}: {}", part(), why));
}

bool state_archive::has(std::string_view name) const {
  const auto all = full(name);
  return from_ && (from_->words.contains(all) || tensors_.contains(all));
}

const std::string* state_archive::find_word(std::string_view name) {
  const auto found = from_->words.find(full(name));
  if (found != from_->words.end()) return &found->second;
  fail(fmt::format("'{}' is missing", full(name)));
  return nullptr;
}

void state_archive::put_word(std::string_view name, std::string text) {
  into_->words.insert_or_assign(full(name), std::move(text));
}

void state_archive::wrong_word(std::string_view name) {
  fail(fmt::format("'{}' cannot be '{}'", full(name), from_->words.find(full(name))->second));
}

const tensor* state_archive::find_tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : found->second;
}

// A copy even where the host reads the device's memory: what it is of changes with the next batch.
void state_archive::save(const std::string& name, const tensor& value) {
  auto copy = make_host_visible_tensor(work(), value.extents(), value.type());
  work().ops().copy(work(), value.read_on(work()), copy);
  into_->tensors.push_back({name, std::move(copy)});
}

void state_archive::in_place(std::string_view name, tensor& value) {
  if (!is_well() || !value) return;
  const auto all = full(name);
  if (!loads()) return save(all, value);
  const auto* from = find_tensor(all);
  if (!from) return fail(fmt::format("'{}' is missing", all));
  if (from->type() != value.type() || from->extents() != value.extents())
    return fail(fmt::format("'{}' is {}, not {}", all, text_of(*from), text_of(value)));
  work().ops().upload(work(), from->data(), value);
}

void state_archive::anew(std::string_view name, tensor& value) {
  if (!is_well()) return;
  if (loads()) return load_anew(name, value);
  const auto all = full(name);
  if (!value) return put_word(name, std::string(null_tensor));
  const auto* const memory = static_cast<const std::byte*>(value.memory()->data()) + value.offset_bytes();
  const auto [known, is_first] = saved_from_.try_emplace({memory, value.bytes()}, all);
  if (is_first) return save(all, value);
  std::string text(same_memory);
  text += known->second;
  for (int i = 0; i < value.extents().rank(); ++i) text += " " + std::to_string(value.extents()[i]);
  put_word(name, std::move(text));
}

void state_archive::load_anew(std::string_view name, tensor& value) {
  const auto all = full(name);
  if (const auto* from = find_tensor(all)) {
    value = make_tensor(work(), from->extents(), from->type());
    work().ops().upload(work(), from->data(), value);
    value.ready_after(work().record());
    made_.insert_or_assign(all, value);
    return;
  }
  const auto* text = find_word(name);
  if (!text) return;
  value = {};
  if (*text == null_tensor) return;
  if (!text->starts_with(same_memory)) return wrong_word(name);
  const auto parts = split_text(std::string_view(*text).substr(same_memory.size()), ' ');
  const auto made = made_.find(std::string(parts.front()));
  if (made == made_.end() || parts.size() > shape::max_rank + 1) return wrong_word(name);
  std::vector<std::int64_t> extents;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::int64_t each = 0;
    if (!state_text::read(std::string(parts[i]), each) || each < 0) return wrong_word(name);
    extents.push_back(each);
  }
  const shape seen(extents);
  if (seen.elements() != made->second.elements()) return wrong_word(name);
  value = made->second.view(0, seen);
}

void state_archive::same(std::string_view name, const std::string& value) {
  auto was = value;
  word(name, was);
  if (was != value) fail(fmt::format("'{}' is {}, not {}", full(name), was, value));
}

void state_archive::learned(const learned_state& of) {
  for (std::size_t i = 0; i < of.tensors.size(); ++i) {
    auto each = of.tensors[i];
    in_place(std::to_string(i), each);
  }
  for (std::size_t i = 0; i < of.counters.size(); ++i) word(fmt::format("counter.{}", i), *of.counters[i]);
  if (loads())
    for (const auto& each : of.when_written) each();
}

} // namespace syngrad
