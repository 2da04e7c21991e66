// An SQLite database in a file that is empty, and a statement of it. They own what they open. One thread at a time.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace syngrad::tools {

class sqlite_database {
public:
  // Fills an empty file. `name` stands for it in messages.
  static result<sqlite_database> create(const std::string& path, const std::string& name);

  status run(const char* statements);

  class statement {
  public:
    // Of the next parameter, in their order. Text is copied.
    statement& number(std::int64_t);
    statement& number(std::optional<std::int64_t>);
    statement& real(std::optional<double>);
    statement& text(std::string_view);
    status step(); // executes it, and begins anew with the first parameter

  private:
    friend class sqlite_database;
    struct finalize {
      void operator()(sqlite3_stmt*) const;
    };
    std::unique_ptr<sqlite3_stmt, finalize> handle_;
    std::string name_;
    int next_ = 0;
  };
  result<statement> prepare(const char* text);

private:
  struct close {
    void operator()(sqlite3*) const;
  };
  error failure(const char* what) const;

  std::unique_ptr<sqlite3, close> handle_;
  std::string name_;
};

} // namespace syngrad::tools
