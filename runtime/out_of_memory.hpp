// A memory source has no more to give. Says where, how much was asked for and what is free; the boundary of the actor
// adds who asked.
#pragma once

#include <new>
#include <string>

namespace syngrad {

class out_of_memory : public std::bad_alloc {
public:
  explicit out_of_memory(std::string text) : text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

private:
  std::string text_;
};

} // namespace syngrad
