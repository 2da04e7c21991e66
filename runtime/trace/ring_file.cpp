#include "runtime/trace/ring_file.hpp"

#include "runtime/trace/trace_format.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace syngrad {

namespace {

constexpr std::size_t header_bytes = 4096;
constexpr std::size_t unheard_at = 64;
constexpr char ring_magic[8] = {'S', 'Y', 'N', 'R', 'I', 'N', 'G', '1'};

struct file_header {
  char magic[8];
  std::uint32_t rings, node;
  std::uint64_t capacity, run_id;
  std::uint32_t crc;
};

std::uint32_t crc_of(const file_header& header) {
  return trace_crc({reinterpret_cast<const char*>(&header), offsetof(file_header, crc)});
}

static_assert(sizeof(file_header) <= unheard_at);

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Whether another open file has the lock.
bool is_locked(int number) {
  auto lock = whole_file();
  return ::fcntl(number, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

status take_lock(int number, const std::string& path) {
  auto lock = whole_file();
  if (::fcntl(number, F_OFD_SETLK, &lock) == 0) return ok();
  if (errno == EAGAIN || errno == EACCES)
    return error::busy("'" + path + "' is in use: the run still goes on; wait for its end, or end it");
  return file_error("lock", path, errno);
}

result<void*> map(int number, std::size_t bytes, bool writable, const std::string& path) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, number, 0);
  if (memory == MAP_FAILED) return file_error("map", path, errno);
  return memory;
}

std::size_t bytes_of(const ring_file::layout& wanted) {
  return header_bytes + wanted.rings * trace_ring::bytes(wanted.capacity);
}

} // namespace

ring_file::ring_file(int number, void* memory, std::size_t bytes, const layout& described, bool in_use)
  : number_(number), memory_(memory), bytes_(bytes), layout_(described), in_use_(in_use),
    unheard_(reinterpret_cast<std::atomic<std::uint64_t>*>(static_cast<char*>(memory) + unheard_at)) {
  for (std::uint32_t i = 0; i < described.rings; ++i)
    rings_.emplace_back(static_cast<char*>(memory) + header_bytes + i * trace_ring::bytes(described.capacity),
                        described.capacity);
}

ring_file::ring_file(ring_file&& other) noexcept
  : number_(std::exchange(other.number_, -1)), memory_(std::exchange(other.memory_, nullptr)), bytes_(other.bytes_),
    layout_(other.layout_), in_use_(other.in_use_), unheard_(other.unheard_), rings_(std::move(other.rings_)) {}

ring_file::~ring_file() {
  if (memory_) ::munmap(memory_, bytes_);
  if (number_ >= 0) ::close(number_);
}

result<ring_file> ring_file::create(const std::string& path, const layout& wanted) {
  assert(std::has_single_bit(wanted.capacity) && wanted.capacity >= 256 && wanted.rings >= 1 &&
         wanted.rings <= most_rings);
  open_file file{::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
  if (file.number < 0) return file_error("create", path, errno);
  if (auto done = take_lock(file.number, path); !done) {
    ::unlink(path.c_str());
    return done.failure();
  }
  const auto bytes = bytes_of(wanted);
  // Space now, so that a full disk is an error here and not a killed process at the first record of a page.
  if (const int failed = ::posix_fallocate(file.number, 0, static_cast<off_t>(bytes)); failed != 0) {
    ::unlink(path.c_str());
    return file_error("reserve " + std::to_string(bytes >> 20) + " MiB for", path, failed);
  }
  auto memory = map(file.number, bytes, true, path);
  if (!memory) {
    ::unlink(path.c_str());
    return memory.failure();
  }
  file_header header{{}, wanted.rings, wanted.node, wanted.capacity, wanted.run_id, 0};
  std::memcpy(header.magic, ring_magic, sizeof ring_magic);
  header.crc = crc_of(header);
  std::memcpy(*memory, &header, sizeof header);
  return ring_file(file.release(), *memory, bytes, wanted, true);
}

result<ring_file> ring_file::open(const std::string& path, bool writable) {
  open_file file{::open(path.c_str(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC)};
  if (file.number < 0) return file_error("open", path, errno);
  if (writable)
    if (auto done = take_lock(file.number, path); !done) return done.failure();
  const bool in_use = writable || is_locked(file.number);
  file_header header{};
  if (::pread(file.number, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header) ||
      std::memcmp(header.magic, ring_magic, sizeof ring_magic) != 0 || header.crc != crc_of(header))
    return error::data("'" + path + "' does not hold trace rings: its header is damaged or of another version");
  const layout found{header.rings, header.node, header.capacity, header.run_id};
  struct stat about {};
  constexpr std::uint64_t most_records = std::uint64_t{1} << 32;
  if (found.rings < 1 || found.rings > most_rings || !std::has_single_bit(found.capacity) || found.capacity < 256 ||
      found.capacity > most_records || ::fstat(file.number, &about) != 0 ||
      static_cast<std::size_t>(about.st_size) < bytes_of(found))
    return error::data("'" + path + "' is cut: it holds less than its header says");
  auto memory = map(file.number, bytes_of(found), writable, path);
  if (!memory) return memory.failure();
  return ring_file(file.release(), *memory, bytes_of(found), found, in_use);
}

// ---- ring_snapshot

namespace {

bool possible(const trace_record& record) {
  return record.kind >= record_kind::send && static_cast<int>(record.kind) < record_kind_count;
}

} // namespace

ring_snapshot snapshot_of(const trace_ring& ring) {
  ring_snapshot out;
  const auto tail_before = ring.tail();
  const auto head = ring.head();
  const auto tail = std::max(ring.tail(), tail_before); // of a moment when `head` was passed or near
  out.lost = ring.lost();
  out.sound = tail_before <= head && (tail > head || head - tail <= ring.capacity());
  out.first = tail;
  if (!out.sound || tail >= head) return out;
  out.records.reserve(head - tail);
  for (auto at = tail; at < head; ++at) out.records.push_back(ring.at(at));
  // What was consumed meanwhile may have been overwritten while it was copied.
  std::atomic_thread_fence(std::memory_order_acquire);
  const auto gone = std::min(std::max(ring.tail(), tail), head) - tail;
  out.records.erase(out.records.begin(), out.records.begin() + static_cast<std::ptrdiff_t>(gone));
  out.first = tail + gone;
  const auto bad = std::find_if_not(out.records.begin(), out.records.end(), possible);
  out.sound = bad == out.records.end();
  out.records.erase(bad, out.records.end());
  return out;
}

} // namespace syngrad
