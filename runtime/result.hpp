// An expected failure: its kind, which programs and scripts act on, and a message that names the file, option or peer
// and says what to do about it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace syngrad {

// By what would help. Its number is sent between processes: new kinds come last.
enum class error_kind : std::uint8_t {
  setting,     // an option, a value or a combination is refused: give another one
  file,        // a file or folder is not there, or cannot be opened, read or written
  data,        // what was read is damaged, cut, or of another format than is wanted
  resource,    // memory, threads or file descriptors run out: ask for less, or raise the limit
  device,      // a device is not there, or failed
  peer,        // another process is not reached, does not answer, or says what it may not say
  busy,        // not now: another process, a run or a step has it, or it is over
  interrupted, // somebody asked to end
  internal     // anything else: a fault of this program
};
constexpr auto last_error_kind = error_kind::internal;

struct error {
  error(error_kind of_kind, std::string text) : kind(of_kind), message(std::move(text)) {}

  static error setting(std::string text) { return {error_kind::setting, std::move(text)}; }
  static error file(std::string text) { return {error_kind::file, std::move(text)}; }
  static error data(std::string text) { return {error_kind::data, std::move(text)}; }
  static error resource(std::string text) { return {error_kind::resource, std::move(text)}; }
  static error device(std::string text) { return {error_kind::device, std::move(text)}; }
  static error peer(std::string text) { return {error_kind::peer, std::move(text)}; }
  static error busy(std::string text) { return {error_kind::busy, std::move(text)}; }
  static error interrupted(std::string text) { return {error_kind::interrupted, std::move(text)}; }
  static error internal(std::string text) { return {error_kind::internal, std::move(text)}; }

  // The same failure, told with what it is about before it: "--out: ".
  error prefixed(const std::string& subject) const { return {kind, subject + message}; }

  error_kind kind;
  std::string message;
};

// A value, or the reason why there is none. Reading the value of a failed result is a bug and throws.
template <class T>
class [[nodiscard]] result {
public:
  result(T value) : state_(std::move(value)) {}
  result(error failure) : state_(std::move(failure)) {}

  explicit operator bool() const { return state_.index() == 0; }

  T& value() { return checked(*this); }
  const T& value() const { return checked(*this); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Of a failed result only.
  error_kind kind() const { return failure().kind; }
  const std::string& message() const { return failure().message; }
  const error& failure() const { return std::get<1>(state_); }

private:
  template <class Self>
  static auto& checked(Self& self) {
    if (!self) throw std::logic_error("read the value of a failed result: " + self.message());
    return std::get<0>(self.state_);
  }

  std::variant<T, error> state_;
};

// Success without a value, or the reason for the failure.
using status = result<std::monostate>;
inline status ok() {
  return std::monostate{};
}

} // namespace syngrad
