#include "tools/progress/text_table.hpp"
#include "tools/trace/analysis/update_story.hpp"
#include "tools/trace/trace_command.hpp"
#include "tools/trace/trace_options.hpp"

#include <charconv>

namespace syngrad::tools {

namespace {

struct asked_update {
  std::uint32_t group = 0, version = 0;
};

result<asked_update> parse_asked_update(const trace_request& request) {
  const auto& words = request.words;
  if (words.size() < 2)
    return error{"name a group and a version of its weights; usage: syngrad trace why RUN ACTOR VERSION, for example "
                 "syngrad trace why runs/first 'group 3' 120"};
  std::string actor = words.front(); // of several words where it was not quoted
  for (std::size_t i = 1; i + 1 < words.size(); ++i) actor += ' ' + words[i];
  const auto& names = request.run().names();
  const auto found = find_actors(actor, names);
  if (!found) return found.failure();
  asked_update out;
  out.group = *found->begin();
  const auto named = names.actors.find(out.group);
  if (found->size() != 1 || named->second.role != actor_role::group)
    return error{"'" + actor + "' is not one group: only groups have weights that updates move; write 'group 0' or 0"};
  const auto& text = words.back();
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), out.version);
  if (failure != std::errc{} || stop != text.data() + text.size())
    return error{"expected a version of the weights, got '" + text + "'; the first update makes version 1"};
  return out;
}

std::string ms(std::int64_t ns) {
  return show_real(static_cast<double>(ns) / 1e6, 3) + " ms";
}

std::string of_forward(const update_story& story) {
  if (!story.forward_ns) return "The forward pass, the loss and the update were made in one go, at the top.\n";
  std::string text = "The batch's activation left the group " + ms(story.update.time_ns - *story.forward_ns) +
                     " before, computed with weights of version " + std::to_string(*story.forward_version) + ".\n";
  if (!story.staleness) return text;
  const auto between = static_cast<std::int64_t>(*story.staleness);
  if (between == 0) return text + "No other update came in between: the gradient was fresh.\n";
  return text + std::to_string(between) + (between == 1 ? " update" : " updates") +
         " came in between: that is its staleness.\n";
}

std::string of_gradient(const update_story& story, const trace_names& names) {
  std::string text;
  if (story.residuals > 0)
    text += "It carried what had been mispredicted of " + std::to_string(story.residuals) +
            (story.residuals == 1 ? " batch" : " batches") + " before, too.\n";
  if (story.update.value != no_predictor_version)
    text += (story.predictor ? names.title_of(*story.predictor) : std::string("The predictor")) +
            " made the gradient with version " + std::to_string(story.update.value) + " of its own weights.\n";
  if (story.cosine) {
    text += "Its cosine with the gradient that was received later is " + show_real(*story.cosine, 3);
    if (story.norm_ratio) text += "; its norm is " + show_real(*story.norm_ratio, 2) + " times that one's";
    text += *story.cosine > 0 ? ".\n" : ". It pointed the wrong way.\n";
  }
  if (story.audit_cosine) {
    text += "Its cosine with the true gradient is " + show_real(*story.audit_cosine, 3);
    if (story.audit_norm_ratio) text += ", its norm " + show_real(*story.audit_norm_ratio, 2) + " times as large";
    if (story.audit_bias) text += ", its bias " + show_real(*story.audit_bias, 3);
    text += ".\n";
  }
  return text;
}

std::string of_chain(const update_story& story) {
  if (story.chain.empty()) return "The messages behind it are not in the trace.\n";
  std::int64_t waited = 0;
  for (const auto& each : story.chain)
    if (each.begin_ns) waited += *each.begin_ns - each.sent.time_ns;
  const auto length = story.chain.size();
  return "Behind it " + std::string(length == 1 ? "is 1 message" : "are " + std::to_string(length) + " messages") +
         ", the first sent " + ms(story.update.time_ns - story.chain.front().sent.time_ns) +
         " before the update; they waited for " + ms(waited) + " of that.\n";
}

answer_table table_of(const update_story& story, const trace_names& names) {
  answer_table table{"chain",
                     {{"sent", "ms", 3},
                      {"message", "", 0},
                      {"from", "", 0},
                      {"to", "", 0},
                      {"version", "", 0},
                      {"waited", "ms", 3},
                      {"handled", "ms", 3}},
                     {}};
  for (const auto& each : story.chain) {
    cell waited, handled;
    if (each.begin_ns) waited = static_cast<double>(*each.begin_ns - each.sent.time_ns) / 1e6;
    if (each.begin_ns && each.end_ns) handled = static_cast<double>(*each.end_ns - *each.begin_ns) / 1e6;
    table.rows.push_back({static_cast<double>(each.sent.time_ns - story.update.time_ns) / 1e6,
                          std::string(name_of(static_cast<trace_message>(each.sent.type))),
                          names.title_of(each.sent.actor), names.title_of(each.sent.peer),
                          std::int64_t{each.sent.version}, waited, handled});
  }
  return table;
}

answer_table facts_of(const update_story& story) {
  answer_table table{"update", {{"what", "", 0}, {"value", "", 3}}, {}};
  const auto add = [&](const char* what, cell value) { table.rows.push_back({std::string(what), std::move(value)}); };
  const auto add_if = [&](const char* what, const std::optional<double>& value) {
    if (value) add(what, *value);
  };
  add("version", std::int64_t{story.update.version});
  add("batch", std::int64_t{story.update.batch});
  add("gradient", std::string(name_of(static_cast<applied_gradient>(story.update.type))));
  if (story.forward_ns) add("activation_age_ms", static_cast<double>(story.update.time_ns - *story.forward_ns) / 1e6);
  if (story.update.value != no_predictor_version) add("predictor_version", std::int64_t{story.update.value});
  if (story.residuals > 0) add("residuals", story.residuals);
  add_if("staleness", story.staleness);
  add_if("cosine", story.cosine);
  add_if("norm_ratio", story.norm_ratio);
  add_if("true_cosine", story.audit_cosine);
  add_if("true_norm_ratio", story.audit_norm_ratio);
  add_if("bias", story.audit_bias);
  return table;
}

result<answer> answer_why(const trace_request& request) {
  const auto asked = parse_asked_update(request);
  if (!asked) return asked.failure();
  const auto story = find_update_story(request.run(), asked->group, asked->version);
  if (!story) return story.failure();
  const auto& names = request.run().names();
  answer out;
  out.text = "Update " + std::to_string(story->update.version) + " of " + names.title_of(asked->group) + ", " +
             ms(story->update.time_ns - request.run().begin_ns()) + " into the run, applied the " +
             std::string(name_of(static_cast<applied_gradient>(story->update.type))) + " gradient of batch " +
             std::to_string(story->update.batch) + ".\n" + of_forward(*story) + of_gradient(*story, names) +
             of_chain(*story);
  out.tables = {facts_of(*story), table_of(*story, names)};
  return out;
}

} // namespace

const trace_command why_command{
  "why",
  "RUN ACTOR VERSION",
  "one update explained: its batch, its age, its gradient, and the messages behind it",
  "ACTOR is a group ('group 3', or 3), VERSION that of its weights after the update: the first update makes version "
  "1.\n"
  "  update  gradient: synthetic (of the predictor), true (received), residual (received minus synthetic);\n"
  "          residuals: of batches before, applied with this update;\n"
  "          activation_age: from the send of the batch's activation to the update; staleness: updates in between\n"
  "  chain   from the source to the message whose handling made the update; sent: before the update; waited: from "
  "send\n"
  "          to handling; version: of the sender's weights",
  1,
  1,
  true,
  answer_why,
  true};

} // namespace syngrad::tools
