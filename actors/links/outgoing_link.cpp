#include "actors/links/link_ends.hpp"

#include "actors/links/link_actor.hpp"
#include "actors/links/link_packets.hpp"
#include "actors/links/link_protocol.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <deque>
#include <fmt/core.h>

namespace syngrad {

namespace {

struct on_host { // to itself: the tensors of a message can be read
  message_context context;
  std::uint64_t ticket = 0;
};
struct look_again {}; // to itself, now and then while something is to be answered

constexpr std::chrono::seconds patience{1};

} // namespace

} // namespace syngrad

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::on_host)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::look_again)

namespace syngrad {

namespace {

// Makes the tensors of a message readable by the host: waits until they are ready, and copies those that lie in memory
// of a device. Nothing blocks; the work is on a stream of its own.
class host_copies {
public:
  // `source` makes the tensors; null: a CPU, whose tensors the host may read at once.
  explicit host_copies(device* source) : work_(source ? &source->make_stream() : nullptr) {}

  // Whether the tensors of `message` can be read now; else once work() is past what is enqueued on it.
  template <class M>
  bool bring(M& message) {
    bool ready = true;
    if constexpr (requires { message.values; }) ready = bring_tensor(message.values) && ready;
    if constexpr (requires { message.targets; }) ready = bring_tensor(message.targets) && ready;
    if constexpr (requires { message.following; }) ready = bring_tensor(message.following) && ready;
    if constexpr (requires { message.chosen; }) {
      ready = bring_tensor(message.chosen.numbers) && ready;
      ready = bring_tensor(message.chosen.weights) && ready;
    }
    return ready;
  }
  stream& work() { return *work_; }

private:
  bool bring_tensor(tensor& part) {
    if (!part) return true;
    if (!work_) {
      assert(part.ready().ready());
      return true;
    }
    const bool on_host = &part.memory()->pool() == &work_->owner().host_visible_memory();
    if (on_host && part.ready().ready()) return true;
    part.read_on(*work_);
    if (on_host) return false;
    auto copy = make_host_visible_tensor(*work_, part.extents(), part.type());
    work_->ops().copy(*work_, part, copy);
    part = std::move(copy);
    return false;
  }

  stream* work_; // of `source`
};

class outgoing_link : public link_actor {
public:
  outgoing_link(caf::actor_config& config, actor_context context, outgoing_link_setup setup)
    : link_actor(config, context, setup.title, setup.number, std::move(setup.counters)), number_(setup.number),
      owner_(std::move(setup.owner)), neighbour_(setup.neighbour), edge_(setup.edge), options_(setup.options),
      sender_(std::min(options_.chunk_bytes, chunk_bytes::largest), options_.credit_bytes), copies_(setup.source) {
    if (!options_.gradient_rank.is_whole()) subspace_.emplace(options_.gradient_rank);
    report_failures_to(std::move(setup.coordinator));
  }

protected:
  caf::behavior make_behavior() override {
    return with_describe(accepting(static_cast<link_message*>(nullptr))
                           .or_else(on(&outgoing_link::handle_receipt), on(&outgoing_link::handle_up),
                                    on(&outgoing_link::handle_down), on(&outgoing_link::handle_dead),
                                    on(&outgoing_link::handle_on_host), on(&outgoing_link::handle_look_again),
                                    on(&outgoing_link::handle_drain)));
  }

  std::string describe() override;
  waiting_reason waits_for() const override {
    return sender_.messages() > 0 ? waiting_reason::credit : waiting_reason::input;
  }

  void on_exit() override {
    owner_ = nullptr;
    drained_.clear();
    link_actor::on_exit();
  }

private:
  // A message whose tensors are on their way to the host, and those behind it.
  struct coming {
    link_message message;
    std::uint64_t ticket = 0;
    bool ready = false;
  };

  template <class... Messages>
  caf::message_handler accepting(std::variant<Messages...>*) {
    return {on(&outgoing_link::accept<Messages>)...};
  }
  template <class M>
  void accept(M& message) {
    const bool ready = copies_.bring(message);
    if (ready && coming_.empty()) {
      enqueue_frame(std::move(message));
      pump();
      return;
    }
    coming_.push_back({std::move(message), ++tickets_, ready});
    if (!ready) when_complete(copies_.work(), on_host{context_for(no_batch), tickets_});
  }

  void handle_on_host(on_host&);
  void handle_receipt(link_receipt&);
  void handle_up(link_up&);
  void handle_down(link_down&);
  void handle_look_again(look_again&);
  void handle_drain(drain_link&);

  void enqueue_frame(link_message);
  void pump();
  void forget_arrived();
  void tell_drained();
  void keep_looking();

  std::uint32_t number_;
  caf::actor owner_;
  std::uint32_t neighbour_;
  edge_id edge_;
  link_options options_;
  link_sender sender_;
  host_copies copies_;
  std::deque<coming> coming_;
  std::uint64_t tickets_ = 0;
  std::shared_ptr<recycled_bytes> scratch_ = recycled_bytes::make();
  std::optional<gradient_subspace> subspace_;               // none: gradients travel whole
  std::deque<std::shared_ptr<const encoded_frame>> frames_; // from sender_.first_kept() on
  std::uint64_t first_frame_ = 0;
  chunk_sum sum_;
  std::vector<caf::actor> drained_; // to be told
  std::string why_away_ = "it was never there";
  bool was_open_ = false, told_away_ = false, looking_ = false;
};

void outgoing_link::handle_on_host(on_host& brought) {
  copies_.work().raise_failure();
  for (auto& each : coming_)
    if (each.ticket == brought.ticket) each.ready = true;
  for (; !coming_.empty() && coming_.front().ready; coming_.pop_front())
    enqueue_frame(std::move(coming_.front().message));
  pump();
}

void outgoing_link::enqueue_frame(link_message message) {
  auto frame =
    std::make_shared<const encoded_frame>(std::move(message), options_, *scratch_, subspace_ ? &*subspace_ : nullptr);
  if (frame->bytes() > options_.message_limit) {
    fail(fmt::format("a message of {} bytes is more than a link carries, {}; use smaller batches or cut the weights",
                     frame->bytes(), options_.message_limit));
    return;
  }
  std::visit([&](const auto& each) { crosses(record_kind::serialize, each, neighbour_, edge_, frame->bytes()); },
             frame->message());
  count(frame->message(), frame->payload_bytes(), frame->bytes());
  sender_.push(frame->bytes());
  frames_.push_back(std::move(frame));
}

void outgoing_link::pump() {
  while (const auto next = sender_.next()) {
    const auto& frame = frames_[static_cast<std::size_t>(next->message - first_frame_)];
    sum_.begin(next->sequence);
    frame->for_each_piece(next->offset, next->count,
                          [this](const char* data, std::size_t count) { sum_.add(data, count); });
    send(remote(), chunk_packet{{sender_.session(), next->sequence, sender_.round()},
                                sum_.get(),
                                chunk_bytes(frame, next->offset, next->count)});
  }
  counters().repeated_chunks = sender_.chunks_repeated();
  keep_looking();
}

void outgoing_link::handle_receipt(link_receipt& receipt) {
  hear();
  if (const auto taken = sender_.take(receipt); !taken) {
    fail(taken.message());
    return;
  }
  if (sender_.is_open()) {
    was_open_ = true;
    if (std::exchange(told_away_, false) && owner_) send(owner_, neighbour_back{context_for(no_batch)});
  }
  forget_arrived();
  pump();
  tell_drained();
}

void outgoing_link::forget_arrived() {
  for (; first_frame_ < sender_.first_kept(); ++first_frame_) frames_.pop_front();
}

void outgoing_link::handle_up(link_up& connection) {
  if (connection.session <= sender_.session()) return;
  set_remote(std::move(connection.remote));
  hear();
  sender_.up(connection.session);
  if (sender_.is_open()) { // the other end was faster
    link_receipt nothing_new{sender_.session(), 0, options_.credit_bytes, false, 0};
    handle_receipt(nothing_new);
  }
  pump();
}

void outgoing_link::handle_down(link_down& lost) {
  why_away_ = lost.why;
  sender_.down();
  set_remote(nullptr);
  if (was_open_ && !std::exchange(told_away_, true) && owner_) send(owner_, neighbour_away{context_for(no_batch)});
}

void outgoing_link::handle_look_again(look_again&) {
  looking_ = false;
  if (const auto probe = sender_.tick()) send(remote(), *probe);
  keep_looking();
}

void outgoing_link::keep_looking() {
  if (looking_ || sender_.is_away() || !sender_.awaits_answer()) return;
  looking_ = true;
  delayed_send(this, patience, look_again{});
}

void outgoing_link::handle_drain(drain_link& request) {
  drained_.push_back(std::move(request.tell));
  tell_drained();
}

void outgoing_link::tell_drained() {
  if (drained_.empty() || !coming_.empty() || !sender_.all_arrived()) return;
  for (const auto& each : drained_) send(each, link_drained{context_for(no_batch), number_});
  drained_.clear();
}

std::string outgoing_link::describe() {
  const auto account = fmt::format(", {} messages are not there yet ({} bytes on the way, {} of credit left){}",
                                   sender_.messages() + coming_.size(), sender_.bytes_on_the_way(),
                                   sender_.credit_left(), session_text(sender_.session()));
  if (sender_.is_away()) return "waits for a connection to the other end (" + why_away_ + ")" + account;
  if (!sender_.is_open()) return "waits for the other end to say what it has" + account;
  if (!coming_.empty()) return fmt::format("waits for a device to have {} messages ready{}", coming_.size(), account);
  if (sender_.all_arrived()) return "has nothing to send" + session_text(sender_.session());
  return "waits for bytes of credit, or receipts, from the other end" + account;
}

} // namespace

caf::actor spawn_outgoing_link(caf::actor_system& system, actor_context context, outgoing_link_setup setup) {
  return system.spawn<outgoing_link>(context, std::move(setup));
}

} // namespace syngrad
