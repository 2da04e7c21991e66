// Brings the state of an object to a part of a saved run and back, by one description for both: an object names what it
// keeps, in a fixed order, and the archive saves or loads it.
//
//   void keep(state_archive& of) {
//     of.word("steps", steps_);
//     of.in_place("moment", moment_);
//   }
//
// Loading checks names, types and shapes. The first thing that is wrong is kept as outcome(); what follows it is left
// as it is. Names are those given, after the prefixes of all within() that last.
//
// Used by one thread, with work on its stream. What was saved lies in host memory once the stream is past it.
#pragma once

#include "models/learned_state.hpp"
#include "models/saved_state.hpp"

#include <cassert>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace syngrad {

namespace state_text {

// Numbers as text that gives the same bits again.
std::string of(bool);
std::string of(double);
inline std::string of(std::integral auto value) {
  return std::to_string(value);
}
inline const std::string& of(const std::string& value) {
  return value;
}
// False where it is no such value; then nothing is changed.
bool read(const std::string&, bool&);
bool read(const std::string&, double&);
bool read(const std::string&, std::int64_t&);
bool read(const std::string&, std::uint64_t&);
bool read(const std::string&, std::string&);

} // namespace state_text

class state_archive {
public:
  // Stream and part outlive the archive.
  static state_archive saving(stream& work, saved_part& into) { return {&work, &into, nullptr}; }
  static state_archive loading(stream& work, const saved_part& from) { return {&work, nullptr, &from}; }
  // Of who has words alone.
  static state_archive saving(saved_part& into) { return {nullptr, &into, nullptr}; }
  static state_archive loading(const saved_part& from) { return {nullptr, nullptr, &from}; }

  bool loads() const { return from_ != nullptr; }
  const std::string& part() const { return from_ ? from_->name : into_->name; }

  // What `keep` names gets this prefix.
  template <class Keep>
  void within(const std::string& prefix, Keep keep) {
    const auto before = prefix_.size();
    prefix_ += prefix;
    keep();
    prefix_.resize(before);
  }

  // A number, a truth value, an enumerator, a text, or an optional one of these.
  template <class T>
  void word(std::string_view name, T& value);
  // A tensor whose memory stays where it is: what is loaded has its shape and type. A null one is not saved.
  void in_place(std::string_view name, tensor& value);
  // A tensor, or null, that loading makes anew. What shares its memory with one that came before shares it again.
  void anew(std::string_view name, tensor& value);
  void learned(const learned_state&);
  // What has to be the same where it is loaded.
  void same(std::string_view name, const std::string& value);

  // Loading: whether there is such a word, or tensor.
  bool has(std::string_view name) const;
  void fail(const std::string& why); // with the name of the part; the first one counts
  status outcome() const { return outcome_; }

private:
  state_archive(stream* work, saved_part* into, const saved_part* from);
  std::string full(std::string_view name) const { return prefix_ + std::string(name); }
  const std::string* find_word(std::string_view name); // fails where there is none
  void put_word(std::string_view name, std::string text);
  void wrong_word(std::string_view name);
  void save(const std::string& name, const tensor&);
  void load_anew(std::string_view name, tensor& value);
  const tensor* find_tensor(const std::string& name) const;
  bool is_well() const { return static_cast<bool>(outcome_); }

  stream& work() const {
    assert(work_ && "of words alone");
    return *work_;
  }

  stream* work_;           // null: there are words alone
  saved_part* into_;       // one of the two
  const saved_part* from_; //
  std::string prefix_;
  status outcome_ = ok();
  std::unordered_map<std::string, const tensor*> tensors_;                // of from_, by name
  std::map<std::pair<const void*, std::size_t>, std::string> saved_from_; // names by memory: what was saved
  std::unordered_map<std::string, tensor> made_;                          // what was loaded anew, by name
};

template <class T>
void state_archive::word(std::string_view name, T& value) {
  if (!is_well()) return;
  if constexpr (requires { value.has_value(); }) {
    bool is_there = value.has_value();
    word(std::string(name) + "?", is_there);
    if (loads() && is_well()) {
      if (is_there)
        value.emplace();
      else
        value.reset();
    }
    if (is_there) word(name, *value);
  } else if constexpr (std::is_enum_v<T>) {
    auto number = static_cast<std::int64_t>(value);
    word(name, number);
    if (loads()) value = static_cast<T>(number);
  } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string>) {
    if (!loads())
      put_word(name, state_text::of(value));
    else if (const auto* text = find_word(name); text && !state_text::read(*text, value))
      wrong_word(name);
  } else {
    using widest = std::conditional_t<std::is_floating_point_v<T>, double,
                                      std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;
    auto wide = static_cast<widest>(value);
    if (!loads()) {
      put_word(name, state_text::of(wide));
      return;
    }
    const auto* text = find_word(name);
    if (!text) return;
    if (!state_text::read(*text, wide) || (std::is_integral_v<T> && static_cast<widest>(static_cast<T>(wide)) != wide))
      wrong_word(name);
    else
      value = static_cast<T>(wide);
  }
}

} // namespace syngrad
