// Commands about what caused what: path, why.
#include "runtime/text.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/trace/analysis/causal_analyses.hpp"
#include "tools/trace/trace_command.hpp"
#include "tools/trace/trace_filter.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

double milliseconds(std::int64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

status check_path_filter(const trace_filter& filter) {
  if (filter.batches && filter.batches->first != filter.batches->second)
    return error::setting("--batch takes one batch here: a path belongs to one, or without it to the run");
  if (!filter.actors.empty() || filter.interface || filter.type || filter.where)
    return error::setting(
      "a path goes through all actors and messages: only --batch, --from, --to and --node can narrow it");
  return ok();
}

answer_table categories_of(const critical_path& path) {
  answer_table table{
    "by_category", {{"category", "", 0}, {"time", "ms", 3}, {"share", "share", 1}, {"bar", "bar", 0}}, {}};
  for (const auto& [name, share] : path.by_category)
    table.rows.push_back({name, share * milliseconds(path.span_ns), share, share});
  return table;
}

answer_table actors_of(const critical_path& path) {
  answer_table table{
    "by_actor",
    {{"actor", "", 0}, {"on_path", "ms", 3}, {"share", "share", 1}, {"bar", "bar", 0}, {"mean_slack", "ms", 3}},
    {}};
  auto slack = path.slack_ns;
  for (const auto& [name, share] : path.by_actor) {
    const auto own =
      std::find_if(slack.begin(), slack.end(), [&, &title = name](auto& each) { return each.first == title; });
    cell free;
    if (own != slack.end()) {
      free = milliseconds(own->second);
      slack.erase(own);
    }
    table.rows.push_back({name, share * milliseconds(path.span_ns), share, share, free});
  }
  for (const auto& [name, free] : slack) table.rows.push_back({name, 0.0, 0.0, 0.0, milliseconds(free)});
  return table;
}

// The longest ones, in the order of time.
std::vector<const path_step*> longest(const critical_path& path, std::size_t limit) {
  std::vector<const path_step*> steps;
  for (const auto& step : path.steps) steps.push_back(&step);
  if (steps.size() <= limit) return steps;
  std::stable_sort(steps.begin(), steps.end(),
                   [](const auto* a, const auto* b) { return a->end_ns - a->begin_ns > b->end_ns - b->begin_ns; });
  steps.resize(limit);
  std::sort(steps.begin(), steps.end(), [](const auto* a, const auto* b) { return a->begin_ns < b->begin_ns; });
  return steps;
}

answer_table steps_of(const critical_path& path, const std::vector<const path_step*>& steps, const trace_names& names) {
  answer_table table{"steps",
                     {{"at", "ms", 3},
                      {"time", "ms", 3},
                      {"category", "", 0},
                      {"actor", "", 0},
                      {"handles", "", 0},
                      {"from", "", 0},
                      {"batch", "", 0}},
                     {}};
  for (const auto* step : steps) {
    cell batch;
    if (step->handled.batch != no_trace_batch) batch = std::int64_t{step->handled.batch};
    table.rows.push_back({milliseconds(step->begin_ns - path.steps.front().begin_ns),
                          milliseconds(step->end_ns - step->begin_ns), std::string(name_of(step->what)),
                          names.title_of(step->actor),
                          std::string(name_of(static_cast<trace_message>(step->handled.type))),
                          names.title_of(step->handled.peer), batch});
  }
  return table;
}

result<answer> answer_path(const trace_request& request) {
  if (auto good = check_path_filter(request.filter); !good) return good.failure();
  std::optional<std::uint32_t> batch;
  if (request.filter.batches) batch = request.filter.batches->first;
  const auto path = find_critical_path(request.run(), request.filter, batch);
  if (!path) return path.failure();
  const auto limit = static_cast<std::size_t>(request.limit > 0 ? request.limit : batch ? 60 : 20);
  const auto steps = longest(*path, limit);
  answer out;
  out.tables = {categories_of(*path), actors_of(*path), steps_of(*path, steps, request.run().names())};
  if (steps.size() < path->steps.size())
    out.notes.push_back(
      fmt::format("The {} longest of {} steps; --limit gives more.", steps.size(), path->steps.size()));
  if (!batch && request.run().sample() > 1)
    out.notes.push_back("A sample holds no handlers of other batches: what they did to the path is not known.");
  return out;
}

} // namespace

const trace_command path_command{
  "path",
  "RUN",
  "what decided how long a batch (--batch N) or the run took: the critical path",
  "The path is walked backwards from the last event: from each handler to whatever let it begin last.\n"
  "A batch's goes from the source's send to the batch's last update.\n"
  "  by_category  compute: in handlers; actor: in handlers that a message of the path had to wait for; queue: waits\n"
  "               for a thread; wire: between nodes\n"
  "  by_actor     time on the path; mean_slack: how much later the actor's other handlers could have ended, on the\n"
  "               average, without making the whole longer (waits for threads taken as they were)\n"
  "  steps        at: since the path began; handles, from, batch: the message. --limit: so many, the longest ones",
  1,
  1,
  true,
  answer_path};

namespace {

struct asked_update {
  std::uint32_t group = 0, version = 0;
};

result<asked_update> parse_asked_update(const trace_request& request) {
  const auto& words = request.words;
  if (words.size() < 2)
    return error::setting(
      "name a group and a version of its weights; usage: syngrad trace why RUN ACTOR VERSION, for example "
      "syngrad trace why runs/first 'group 3' 120");
  std::string actor = words.front(); // of several words where it was not quoted
  for (std::size_t i = 1; i + 1 < words.size(); ++i) actor += ' ' + words[i];
  const auto& names = request.run().names();
  const auto found = find_actors(actor, names);
  if (!found) return found.failure();
  asked_update out;
  out.group = *found->begin();
  const auto named = names.actors.find(out.group);
  if (found->size() != 1 || named->second.role != actor_role::group)
    return error::setting("'" + actor +
                          "' is not one group: only groups have weights that updates move; write 'group 0' or 0");
  const auto& text = words.back();
  const auto version = parse_number<std::uint32_t>(text);
  if (!version)
    return error::setting("expected a version of the weights, got '" + text + "'; the first update makes version 1");
  out.version = *version;
  return out;
}

std::string ms(std::int64_t ns) {
  return show_real(static_cast<double>(ns) / 1e6, 3) + " ms";
}

std::string of_forward(const update_story& story) {
  if (!story.forward_ns) return "The forward pass, the loss and the update were made in one go, at the top.\n";
  std::string text =
    fmt::format("The batch's activation left the group {} before, computed with weights of version {}.\n",
                ms(story.update.time_ns - *story.forward_ns), *story.forward_version);
  if (!story.staleness) return text;
  const auto between = static_cast<std::int64_t>(*story.staleness);
  if (between == 0) return text + "No other update came in between: the gradient was fresh.\n";
  return fmt::format("{}{}{} came in between: that is its staleness.\n", text, between,
                     between == 1 ? " update" : " updates");
}

std::string of_gradient(const update_story& story, const trace_names& names) {
  std::string text;
  if (story.residuals > 0)
    text += fmt::format("It carried what had been mispredicted of {}{} before, too.\n", story.residuals,
                        story.residuals == 1 ? " batch" : " batches");
  if (story.update.value != no_predictor_version)
    text += fmt::format("{} made the gradient with version {} of its own weights.\n",
                        story.predictor ? names.title_of(*story.predictor) : std::string("The predictor"),
                        story.update.value);
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
  out.text =
    fmt::format("Update {} of {}, {} into the run, applied the {} gradient of batch {}.\n{}{}{}", story->update.version,
                names.title_of(asked->group), ms(story->update.time_ns - request.run().begin_ns()),
                std::string(name_of(static_cast<applied_gradient>(story->update.type))), story->update.batch,
                of_forward(*story), of_gradient(*story, names), of_chain(*story));
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
