#include "runtime/result.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/export/export_format.hpp"
#include "tools/trace/record_text.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>

namespace syngrad::tools {

namespace {

// An SQLite database in a file that is empty, and a statement of it. They own what they open. One thread at a time.
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

void sqlite_database::close::operator()(sqlite3* handle) const {
  sqlite3_close(handle);
}

void sqlite_database::statement::finalize::operator()(sqlite3_stmt* handle) const {
  sqlite3_finalize(handle);
}

error sqlite_database::failure(const char* what) const {
  return {error_kind::file, std::string("cannot ") + what + " '" + name_ +
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
  return error::file("cannot write '" + name_ + "': " + sqlite3_errstr(code));
}

// The file is not the user's before it is whole, so nothing need be undone.
constexpr const char* sqlite_schema = R"(
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
BEGIN;
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE actors (id INTEGER PRIMARY KEY, node INTEGER NOT NULL, role TEXT NOT NULL, number INTEGER NOT NULL,
                     title TEXT NOT NULL);
CREATE TABLE records (time_ns INTEGER NOT NULL, kind TEXT NOT NULL, type TEXT, node INTEGER NOT NULL,
                      actor INTEGER NOT NULL, peer INTEGER, message INTEGER NOT NULL, parent INTEGER NOT NULL,
                      batch INTEGER, version INTEGER NOT NULL, value INTEGER, measured REAL, interface INTEGER);
)";

// messages: one row each, whatever handles it on its way (a link, where it crosses from one node to another): the
// receiver is who handled it last; wire_ns is NULL where no link delivered it, and the times are where it was not
// handled. handlers: all of them, links too.
constexpr const char* sqlite_views = R"(
CREATE INDEX records_by_message ON records (message, kind);
CREATE INDEX records_by_batch ON records (batch);
CREATE VIEW messages AS
  SELECT sent.message, sent.parent, sent.type, sent.batch, sent.interface, sent.value AS bytes,
         sent.actor AS sender, coalesce(begun.actor, sent.peer) AS receiver, sent.time_ns AS sent_ns,
         begun.time_ns AS begin_ns, ended.time_ns AS end_ns, arrived.time_ns - sent.time_ns AS wire_ns,
         begun.time_ns - coalesce(arrived.time_ns, sent.time_ns) AS queue_ns,
         ended.time_ns - begun.time_ns AS handler_ns
  FROM records AS sent
  LEFT JOIN records AS begun
    ON begun.rowid = (SELECT max(rowid) FROM records WHERE message = sent.message AND kind = 'begin')
  LEFT JOIN records AS ended
    ON ended.message = sent.message AND ended.kind = 'end' AND ended.actor = begun.actor
  LEFT JOIN records AS arrived
    ON arrived.message = sent.message AND arrived.kind = 'enqueue' AND arrived.actor = begun.actor
  WHERE sent.kind = 'send';
CREATE VIEW handlers AS
  SELECT actors.title AS actor, begun.type, count(*) AS handled, avg(ended.time_ns - begun.time_ns) AS mean_handler_ns,
         avg(begun.time_ns - coalesce(arrived.time_ns, sent.time_ns)) AS mean_queue_ns,
         sum(ended.time_ns - begun.time_ns) AS busy_ns
  FROM records AS sent
  JOIN records AS begun ON begun.message = sent.message AND begun.kind = 'begin'
  JOIN records AS ended ON ended.message = sent.message AND ended.kind = 'end' AND ended.actor = begun.actor
  JOIN actors ON actors.id = begun.actor
  LEFT JOIN records AS arrived
    ON arrived.message = sent.message AND arrived.kind = 'enqueue' AND arrived.actor = begun.actor
  WHERE sent.kind = 'send' GROUP BY actors.id, begun.type;
CREATE VIEW updates AS
  SELECT time_ns, actors.title AS actor, batch, version, type AS gradient,
         nullif(value, 4294967295) AS predictor_version, message, parent
  FROM records JOIN actors ON actors.id = records.actor WHERE kind = 'update';
CREATE VIEW metrics AS
  SELECT time_ns, actors.title AS actor, type AS measure, measured, batch, version, interface
  FROM records JOIN actors ON actors.id = records.actor WHERE kind = 'metric';
CREATE VIEW staleness AS
  SELECT actor, interface, count(*) AS updates, avg(measured) AS mean, max(measured) AS most
  FROM metrics WHERE measure = 'staleness' GROUP BY actor, interface;
COMMIT;
)";

status write_actors(sqlite_database& database, const trace_names& names) {
  auto actors = database.prepare("INSERT INTO actors VALUES (?, ?, ?, ?, ?)");
  if (!actors) return actors.failure();
  for (const auto& [id, actor] : names.actors) {
    actors->number(std::int64_t{id}).number(std::int64_t{node_of(id)}).text(name_of(actor.role));
    if (auto done = actors->number(std::int64_t{actor.index}).text(actor.title).step(); !done) return done;
  }
  return ok();
}

status write_facts(sqlite_database& database, const trace_run& run, std::uint64_t records) {
  auto facts = database.prepare("INSERT OR REPLACE INTO facts VALUES (?, ?)");
  if (!facts) return facts.failure();
  auto all = run.names().facts;
  all["trace.records"] = std::to_string(records);
  all["trace.lost_records"] = std::to_string(run.lost());
  for (const auto& [key, value] : all)
    if (auto done = facts->text(key).text(value).step(); !done) return done;
  return ok();
}

status write_record(sqlite_database::statement& records, const trace_record& record) {
  using number = std::optional<std::int64_t>;
  const auto type = type_of(record);
  const bool metric = record.kind == record_kind::metric;
  const bool has_peer = is_message(record.kind) || record.kind == record_kind::gpu || record.kind == record_kind::clock;
  records.number(record.time_ns).text(name_of(record.kind));
  if (type.empty())
    records.number(number{});
  else
    records.text(type);
  records.number(std::int64_t{node_of(record.actor)}).number(std::int64_t{record.actor});
  records.number(has_peer ? number(record.peer) : number());
  records.number(static_cast<std::int64_t>(record.message)).number(static_cast<std::int64_t>(record.parent));
  records.number(has_batch(record) ? number(record.batch) : number()).number(std::int64_t{record.version});
  records.number(metric ? number() : number(record.value));
  records.real(metric ? std::optional<double>(record.measured()) : std::nullopt);
  return records.number(record.interface != no_interface ? number(record.interface) : number()).step();
}

result<exported> write_all(sqlite_database& database, const trace_run& run, const trace_filter& filter) {
  if (auto done = database.run(sqlite_schema); !done) return done.failure();
  if (auto done = write_actors(database, run.names()); !done) return done.failure();
  auto records = database.prepare("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!records) return records.failure();
  exported out;
  status state = ok();
  run.for_each(filter, [&](const trace_record& record) {
    state = write_record(*records, record);
    ++out.records;
    return bool(state);
  });
  if (state) state = write_facts(database, run, out.records);
  if (state) state = database.run(sqlite_views);
  if (!state) return state.failure();
  return out;
}

result<exported> write_sqlite(const trace_run& run, const trace_filter& filter, output_file& file) {
  auto written = [&]() -> result<exported> {
    auto database = sqlite_database::create(file.temporary_path(), file.path());
    if (!database) return database.failure();
    return write_all(*database, run, filter);
  }(); // the database is closed here
  if (!written) return written;
  if (auto done = file.commit(); !done) return done.failure();
  return written;
}

} // namespace

const export_format sqlite_export{"sqlite", "trace.sqlite",
                                  "Ask it with sqlite3; views: messages, handlers, updates, metrics, staleness.", true,
                                  write_sqlite};

} // namespace syngrad::tools
