// An expected failure: a message that names the file, option or peer and says what to do about it.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace syngrad {

struct error {
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

  const std::string& message() const { return std::get<1>(state_).message; }
  error failure() const { return std::get<1>(state_); }

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
