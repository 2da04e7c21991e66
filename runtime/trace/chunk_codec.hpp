// Records packed for disk: field by field (neighbours differ little within a field), times and ids as differences, then
// zstd. A typical record takes about ten bytes.
//
//   packed := zstd(raw), raw := time* message* parent* actor* peer* batch* version* value* interface* kind* type*
//   time, message, parent: u64, each minus the one before; the rest: as it is
#pragma once

#include "runtime/result.hpp"
#include "runtime/trace/trace_record.hpp"

#include <memory>
#include <span>
#include <vector>

namespace syngrad {

// Keeps its memory from call to call. One thread at a time.
class chunk_codec {
public:
  chunk_codec();
  ~chunk_codec();
  chunk_codec(chunk_codec&&) noexcept;
  chunk_codec& operator=(chunk_codec&&) noexcept;

  // Valid until the next call.
  std::span<const char> pack(std::span<const trace_record>);
  // Whether `packed` says of itself that it holds `count` records; a look at its first bytes.
  static bool holds(std::span<const char> packed, std::size_t count);
  // Exactly `count` records to `out`; fails where `packed` does not hold them.
  status unpack(std::span<const char> packed, std::size_t count, std::vector<trace_record>& out);

private:
  struct contexts;
  std::unique_ptr<contexts> zstd_;
  std::vector<char> raw_, packed_;
};

} // namespace syngrad
