#include "runtime/io/output_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace syngrad {

namespace {

constexpr std::size_t bytes_at_once = 1 << 20;

// A reader of both would find them mixed. Of a device only a terminal has a reader.
bool is_where_standard_output_goes(const file_target& target) {
  struct stat standard {};
  if (::fstat(STDOUT_FILENO, &standard) != 0) return false;
  const bool is_read = S_ISFIFO(standard.st_mode) || S_ISSOCK(standard.st_mode) || ::isatty(STDOUT_FILENO) == 1;
  return is_read && is_same_file(standard, target.about);
}

// What this process opened itself is closed on exec; what it was given is not.
bool can_be_written(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFD);
  const int mode = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && mode >= 0 && !(flags & FD_CLOEXEC) && (mode & O_ACCMODE) != O_RDONLY;
}

} // namespace

result<output_file> output_file::create(const std::string& path, std::size_t reserved_bytes) {
  const auto target = file_target::of(path);
  if (!target) return target.failure();
  output_file made;
  made.path_ = target->path;
  if (target->can_be_replaced()) {
    auto file = atomic_file::create(*target, reserved_bytes);
    if (!file) return file.failure();
    made.aside_.emplace(std::move(*file));
    return made;
  }
  made.standard_output_ = target->descriptor == STDOUT_FILENO || is_where_standard_output_goes(*target);
  if (target->what == file_target::kind::descriptor) {
    if (!can_be_written(target->descriptor)) return file_error("write to", target->path, EBADF);
    made.given_ = target->descriptor;
    return made;
  }
  auto file = file_descriptor::open_for_writing(target->path);
  if (!file) return file.failure();
  if (S_ISREG(target->about.st_mode)) // a mounted one, whose old contents may be longer
    if (auto emptied = file->truncate(0); !emptied) return emptied.failure();
  made.straight_ = std::move(*file);
  return made;
}

result<output_file> output_file::create_regular(const std::string& path) {
  auto file = atomic_file::create(path);
  if (!file) return file.failure();
  output_file made;
  made.path_ = file->path();
  made.aside_.emplace(std::move(*file));
  return made;
}

void output_file::write(std::string_view text) {
  bytes_ += text.size();
  buffer_ += text;
  if (buffer_.size() >= bytes_at_once) flush();
}

void output_file::flush() {
  if (state_) state_ = write_piece(buffer_);
  buffer_.clear();
}

status output_file::write_piece(std::string_view piece) {
  if (aside_) return aside_->write(piece);
  if (straight_) return straight_.write(piece);
  while (!piece.empty()) {
    const auto written = ::write(given_, piece.data(), piece.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("write", path_, errno);
    piece.remove_prefix(static_cast<std::size_t>(written));
  }
  return ok();
}

status output_file::commit() {
  flush();
  if (!state_) return state_;
  if (aside_) return aside_->commit();
  if (!straight_) return ok();
  if (auto done = straight_.synchronize(); !done) return done;
  return straight_.close();
}

} // namespace syngrad
