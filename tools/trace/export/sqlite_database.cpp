#include "tools/trace/export/sqlite_database.hpp"

#include <sqlite3.h>

namespace syngrad::tools {

void sqlite_database::close::operator()(sqlite3* handle) const {
  sqlite3_close(handle);
}

void sqlite_database::statement::finalize::operator()(sqlite3_stmt* handle) const {
  sqlite3_finalize(handle);
}

error sqlite_database::failure(const char* what) const {
  return {std::string("cannot ") + what + " '" + name_ +
          "': " + (handle_ ? sqlite3_errmsg(handle_.get()) : "out of memory")};
}

result<sqlite_database> sqlite_database::create(const std::string& path, const std::string& name) {
  sqlite_database made;
  made.name_ = name;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr);
  made.handle_.reset(handle);
  if (code != SQLITE_OK) return made.failure("create");
  return made;
}

status sqlite_database::run(const char* statements) {
  if (sqlite3_exec(handle_.get(), statements, nullptr, nullptr, nullptr) != SQLITE_OK) return failure("write");
  return ok();
}

result<sqlite_database::statement> sqlite_database::prepare(const char* text) {
  statement made;
  sqlite3_stmt* handle = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), text, -1, &handle, nullptr) != SQLITE_OK) return failure("write");
  made.handle_.reset(handle);
  made.name_ = name_;
  return made;
}

sqlite_database::statement& sqlite_database::statement::number(std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), ++next_, value);
  return *this;
}

sqlite_database::statement& sqlite_database::statement::number(std::optional<std::int64_t> value) {
  if (value) return number(*value);
  sqlite3_bind_null(handle_.get(), ++next_);
  return *this;
}

sqlite_database::statement& sqlite_database::statement::real(std::optional<double> value) {
  ++next_;
  if (value)
    sqlite3_bind_double(handle_.get(), next_, *value);
  else
    sqlite3_bind_null(handle_.get(), next_);
  return *this;
}

sqlite_database::statement& sqlite_database::statement::text(std::string_view value) {
  sqlite3_bind_text(handle_.get(), ++next_, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
  return *this;
}

status sqlite_database::statement::step() {
  next_ = 0;
  const int code = sqlite3_step(handle_.get());
  sqlite3_reset(handle_.get());
  if (code == SQLITE_DONE) return ok();
  return error{"cannot write '" + name_ + "': " + sqlite3_errstr(code)};
}

} // namespace syngrad::tools
