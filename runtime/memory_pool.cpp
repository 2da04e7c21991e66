#include "runtime/memory_pool.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <exception>
#include <iterator>
#include <new>

namespace syngrad {

namespace {

// Small sizes round up to 64 bytes, larger ones to an eighth of their power of two: little waste, few classes.
std::size_t size_class(std::size_t bytes) {
  constexpr std::size_t line = 64;
  const auto step = std::max(line, std::bit_floor(std::max(bytes, line)) / 8);
  return std::max(line, (bytes + step - 1) / step * step);
}

} // namespace

// What a part of a pool has taken from it.
class borrowed_memory final : public memory_source {
public:
  borrowed_memory(memory_pool& from, stream& owner) : from_(from), owner_(owner) {}

  void* allocate(std::size_t bytes) override {
    return borrowed_.emplace_back(from_.acquire_from(from_.free_for_parts_, owner_, bytes))->data();
  }
  void deallocate(void*) noexcept override {} // with this

private:
  memory_pool& from_;
  stream& owner_;
  std::vector<buffer_ref> borrowed_;
};

void buffer::used_by(stream& user) {
  if (!pool_.asynchronous()) return;
  const std::lock_guard lock(users_mutex_);
  if (std::find(users_.begin(), users_.end(), &user) == users_.end()) users_.push_back(&user);
}

void buffer_ref::release() {
  if (target_ && target_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) target_->pool_.release(*target_);
}

memory_pool::memory_pool(std::unique_ptr<memory_source> source, bool asynchronous)
  : source_(std::move(source)), asynchronous_(asynchronous) {}

memory_pool::memory_pool(memory_pool& parent, stream& owner)
  : source_(std::make_unique<borrowed_memory>(parent, owner)), asynchronous_(parent.asynchronous_), parent_(&parent),
    owner_(&owner) {}

memory_pool::~memory_pool() {
  parts_.clear();
  for (auto& each : all_) source_->deallocate(each->data());
}

buffer_ref memory_pool::acquire(stream& user, std::size_t bytes) {
  return acquire_from(free_, user, bytes);
}

buffer_ref memory_pool::acquire_from(free_buffers& free, stream& user, std::size_t bytes) {
  const auto wanted = size_class(bytes);
  buffer* found = nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto& candidates = free[wanted];
    found = candidates.empty() ? make(free, wanted) : take_free(user, candidates);
    note_in_use(wanted);
    found->for_parts_ = &free == &free_for_parts_;
  }
  auto* const before = std::exchange(found->only_user_, nullptr);
  if (before && before != &user) user.wait(before->record());
  for (const auto& earlier : found->pending_) user.wait(earlier);
  found->pending_.clear();
  found->used_by(user);
  return buffer_ref(found);
}

// What `user` itself used last costs no wait; what another stream alone used makes `user` wait for all that is enqueued
// there by now.
buffer* memory_pool::take_free(const stream& user, std::vector<buffer*>& candidates) {
  const auto last_of = [&](const stream* wanted) {
    return std::find_if(candidates.rbegin(), candidates.rend(),
                        [wanted](const buffer* each) { return each->only_user_ == wanted; });
  };
  auto chosen = candidates.rbegin();
  if (asynchronous_) {
    if (const auto own = last_of(&user); own != candidates.rend())
      chosen = own;
    else if (const auto shared = last_of(nullptr); shared != candidates.rend())
      chosen = shared;
  }
  auto* const found = *chosen;
  candidates.erase(std::next(chosen).base());
  return found;
}

buffer* memory_pool::make(free_buffers& free, std::size_t size) {
  all_.push_back(std::make_unique<buffer>(*this, source_->allocate(size), size));
  free[size].reserve(all_.size());
  ++counters_.allocations;
  counters_.bytes += size;
  return all_.back().get();
}

void memory_pool::add_headroom() {
  const std::lock_guard lock(mutex_);
  std::map<std::size_t, std::size_t> recycled;
  for (const auto& each : all_)
    if (each->returned_ && !each->for_parts_) ++recycled[each->bytes()];
  try {
    for (const auto& [size, buffers] : recycled)
      for (std::size_t i = 0; i < buffers + 2; ++i)
        free_[size].insert(free_[size].begin(),
                           make(free_, size)); // handed out last: memory that nobody needs stays untouched
  } catch (const std::bad_alloc&) {            // so there is no headroom, which is not yet a shortage
  }
}

memory_pool& memory_pool::make_part(stream& owner) {
  auto made = std::unique_ptr<memory_pool>(new memory_pool(*this, owner));
  const std::lock_guard lock(parts_mutex_);
  return *parts_.emplace_back(std::move(made));
}

void memory_pool::drop_part(memory_pool& part) noexcept {
  try {
    if (!part.settle(*part.owner_)) return;
  } catch (const std::exception&) {
    return; // a stream that failed cannot say whether it is past the memory
  }
  const std::lock_guard lock(parts_mutex_);
  const auto found = std::find_if(parts_.begin(), parts_.end(), [&](const auto& each) { return each.get() == &part; });
  parts_.erase(found);
}

bool memory_pool::settle(stream& user) {
  {
    const std::lock_guard lock(mutex_);
    std::size_t free = 0;
    for (const auto& [size, buffers] : free_) free += buffers.size();
    if (counters_.in_use > 0 || free != all_.size()) return false;
    for (auto& [size, buffers] : free_) buffers.clear();
    for (auto each = all_.rbegin(); each != all_.rend(); ++each) free_[(*each)->bytes()].push_back(each->get());
  }
  // All is here and nobody else asks for it: events may be recorded without the lock.
  for (const auto& each : all_) {
    auto* const before = std::exchange(each->only_user_, &user);
    if (before && before != &user) user.wait(before->record());
    for (const auto& earlier : each->pending_) user.wait(earlier);
    each->pending_.clear();
  }
  return true;
}

buffer_ref memory_pool::hand_out(buffer& wanted, stream& user) {
  {
    const std::lock_guard lock(mutex_);
    auto& candidates = free_[wanted.bytes()];
    const auto found = std::find(candidates.begin(), candidates.end(), &wanted);
    assert(found != candidates.end() && wanted.only_user_ == &user && "memory that was not put in order");
    candidates.erase(found);
    note_in_use(wanted.bytes());
  }
  wanted.only_user_ = nullptr;
  wanted.used_by(user);
  return buffer_ref(&wanted);
}

void memory_pool::release(buffer& returned) noexcept {
  const bool reusable = note_users(returned);
  const std::lock_guard lock(mutex_);
  --counters_.in_use;
  counters_.bytes_in_use -= returned.bytes();
  if (!reusable) return;
  returned.returned_ = true;
  (returned.for_parts_ ? free_for_parts_ : free_)[returned.bytes()].push_back(&returned);
}

// Whether it is known when all users are past `returned`. A stream that failed cannot say, so what it used is kept from
// others until the device goes.
bool memory_pool::note_users(buffer& returned) noexcept {
  if (returned.users_.size() == 1) {
    returned.only_user_ = returned.users_[0];
    returned.users_.clear();
    return true;
  }
  try {
    for (auto* each : returned.users_) returned.pending_.push_back(each->record());
  } catch (const std::exception&) {
    return false;
  }
  returned.users_.clear();
  return true;
}

// With the mutex held.
void memory_pool::note_in_use(std::size_t bytes) {
  ++counters_.in_use;
  counters_.bytes_in_use += bytes;
  counters_.most_bytes_in_use = std::max(counters_.most_bytes_in_use, counters_.bytes_in_use);
}

void memory_pool::forget_most() {
  const std::lock_guard lock(mutex_);
  counters_.most_bytes_in_use = counters_.bytes_in_use;
}

memory_counters memory_pool::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

} // namespace syngrad
