// The file behind a process's rings: one ring for each thread, mapped into memory.
//
//   ring_file := header ring*        header: one page
//   header    := "SYNRING1" u32 rings, u32 node, u64 capacity of each (records), u64 run id, u32 crc32 of the above;
//                at byte 64: u64 records of threads for which there was no ring
//   ring      := trace_ring_header (a page) record*
//
// Disk space for all of it is taken when it is made. Owns the mapping; rings live as long as this object. Who may write
// holds a lock on the file (of the open file description, see fcntl(2)), which the kernel lets go with the process: so
// everyone can tell a run that goes on from one that was killed.
#pragma once

#include "runtime/io/file_descriptor.hpp"
#include "runtime/trace/trace_ring.hpp"

#include <string>
#include <vector>

namespace syngrad {

class ring_file {
public:
  struct layout {
    std::uint32_t rings = 0;
    std::uint32_t node = 0;
    std::uint64_t capacity = 0; // of each, records; a power of two from 256 up
    std::uint64_t run_id = 0;
  };
  static constexpr std::uint32_t most_rings = 1024;

  static result<ring_file> create(const std::string& path, const layout&);
  // An existing one: of a run that goes on (`writable` false: for reading only) or that was killed. Fails for writing
  // while another one may write.
  static result<ring_file> open(const std::string& path, bool writable);

  ring_file(ring_file&&) noexcept;
  ring_file& operator=(ring_file&&) = delete;
  ~ring_file();

  const layout& described() const { return layout_; }
  bool in_use() const { return in_use_; } // when it was opened for reading: by one who may write
  std::atomic<std::uint64_t>& unheard() { return *unheard_; }
  std::uint64_t unheard() const { return unheard_->load(std::memory_order_relaxed); }
  std::vector<trace_ring>& rings() { return rings_; }
  const std::vector<trace_ring>& rings() const { return rings_; }

private:
  ring_file(int number, void* memory, std::size_t bytes, const layout&, bool in_use);

  int number_; // of the open file, for its lock
  void* memory_;
  std::size_t bytes_;
  layout layout_;
  bool in_use_;
  std::atomic<std::uint64_t>* unheard_;
  std::vector<trace_ring> rings_;
};

// What one ring holds, copied while its producer and its consumer may go on.
struct ring_snapshot {
  std::uint64_t first = 0; // number of the first of these records
  std::uint64_t lost = 0;
  std::vector<trace_record> records;
  // False where head and tail contradict each other or a record is none: then only what is before that is given. Rings
  // have no sums, so a record that was changed into another possible one is not noticed.
  bool sound = true;
};

// Every record that is not given was either consumed when this returns, or committed later than it began.
ring_snapshot snapshot_of(const trace_ring&);

} // namespace syngrad
