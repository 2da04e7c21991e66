#include "tools/train/memory_check.hpp"

#include "runtime/text.hpp"

namespace syngrad::tools {

namespace {

constexpr std::uint64_t worth_a_word = 4; // from this part of the memory on

std::string available(const memory_room& room) {
  return byte_size(room.bytes) + (room.limited_by.empty()
                                    ? " of memory are available"
                                    : " are left by the memory limit of '" + room.limited_by + "'");
}

} // namespace

result<std::string> check_memory(const train_options& options, const network& model, const memory_room& room) {
  const auto& settings = options.settings;
  const auto needs = memory_needs_of(settings, model);
  const auto credits = "--credits " + std::to_string(settings.credits);
  if (needs.held > room.bytes)
    return error{"--model " + settings.model + " with --batch " + std::to_string(settings.batch_size) +
                 ": weights, predictors and a single batch take about " + byte_size(needs.held) + ", and " +
                 available(room) + "; use a smaller model or batch"};
  if (needs.surely() > room.bytes) {
    const auto a_batch =
      needs.waiting / static_cast<std::uint64_t>(std::min<std::int64_t>(settings.credits, settings.steps));
    const auto fitting = (room.bytes - needs.held) / 2 / std::max<std::uint64_t>(1, a_batch);
    return error{credits + ": the batches that wait before the first group take " + byte_size(needs.waiting) +
                 ", and " + available(room) + "; use --credits " + std::to_string(std::max<std::uint64_t>(1, fitting)) +
                 " or fewer, or a smaller --batch"};
  }
  if (needs.at_most < room.bytes / worth_a_word) return std::string();
  return (needs.at_most > room.bytes ? "warning: " : "") + std::string("memory: ") + byte_size(needs.held) +
         " for weights, predictors and a batch, " + byte_size(needs.waiting) +
         " for batches that wait before the first group, and up to " + byte_size(needs.at_most) +
         " with all that may be in flight (" + credits + ", --batch " + std::to_string(settings.batch_size) + "); " +
         available(room);
}

} // namespace syngrad::tools
