// Runs the same work again and again: enqueued operator by operator at first, recorded the third time, replayed with
// one launch from then on. Device-independent; where a device records nothing, work simply runs.
//
// A call is known by its name and its inputs' addresses and shapes. Each recording has a slot: memory of its own (a
// part of the device's pool) that its work allocates from, so that every replay finds the same addresses. Outputs are
// handed out as ordinary tensors over that memory.
//
// clang-format off
// | a call with such inputs                | and                            | then                                       |
// |----------------------------------------|--------------------------------|--------------------------------------------|
// | was not made lately                    |                                | runs without a slot                        |
// | was, and has no slot that is free      | there is room, or a stale slot | runs in a new slot, which so gets its size |
// | was, and has no slot that is free      | there is no room               | runs without a slot                        |
// | has a free slot that has its size only |                                | is recorded, and replayed                  |
// | has a free slot with recorded work     |                                | is replayed                                |
// clang-format on
//
// A slot is free when all its memory has come back, and its stream then waits for whoever read it elsewhere. A slot is
// stale when many calls have passed without it.
//
// Threads: one actor's. Tensors that were handed out may be dropped on any thread.
#pragma once

#include "runtime/device.hpp"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

namespace syngrad {

class replay_cache {
public:
  // `limit`: slots at most. Each keeps the memory of its work for itself.
  explicit replay_cache(std::size_t limit = 64);
  ~replay_cache();
  replay_cache(const replay_cache&) = delete;
  replay_cache& operator=(const replay_cache&) = delete;

  // What distinguishes calls besides their inputs: which work it is, and any number that it depends on.
  struct name {
    std::uint64_t work = 0;
    std::uint64_t detail = 0;
    bool operator==(const name&) const = default;
  };
  static constexpr std::size_t most_inputs = 5;

  // Runs `work` on `on`, or what does the same. `inputs` are all tensors whose addresses `work` uses and may differ
  // from call to call; a null one is an input, too. `work` sets each of `outputs` (or leaves it null), which are
  // tensors that it allocates, parts of inputs, or tensors that stay where they are. It enqueues operators only
  // (device::record_work), and nothing in it depends on anything but `name`, `inputs` and the contents of memory.
  // Returns a number of the slot that the outputs lie in, never given to another one; 0: in none.
  std::uint64_t run(stream& on, name of, std::initializer_list<const tensor*> inputs, std::span<tensor* const> outputs,
                    const std::function<void()>& work);

  struct counters {
    std::uint64_t recordings = 0; // made: constant once warm
    std::uint64_t replays = 0;
    std::uint64_t plain_runs = 0; // operator by operator, those that size a slot among them
    std::size_t slots = 0;        // there are now
  };
  const counters& count() const { return counters_; }

private:
  struct key;
  struct call;
  struct slot;

  bool was_made_lately(const key& wanted);
  slot* find_slot(stream& on, const key& wanted);
  slot* make_slot(stream& on, const key& wanted);
  bool drop_stale_slot();

  std::size_t limit_;
  std::uint64_t now_ = 0; // calls so far
  std::vector<std::unique_ptr<slot>> slots_;
  std::vector<key> lately_; // of calls without a slot, in a ring
  std::size_t next_ = 0;    // its oldest, where it is full
  counters counters_;
};

} // namespace syngrad
