#include "tools/compare/comparison_plan.hpp"

#include "runtime/text.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <set>
#include <utility>

namespace syngrad::tools {

namespace {

// Options of `train`, for trying values on; nothing is done with what they set.
class tried_options {
public:
  tried_options() : table_(train_option_table(scratch_)) {}

  bool is_flag(const std::string& name) {
    const auto* row = find(name);
    return row && row->argument.empty();
  }
  status take(const train_argument& given) {
    const auto* row = find(given.option);
    if (!row) return error::setting("there is no option --" + given.option + " of syngrad train");
    auto done = row->set(row->argument.empty() ? "true" : given.value);
    if (!done) return done.failure().prefixed("--" + given.option + ": ");
    return ok();
  }

private:
  const option_row* find(const std::string& name) {
    for (const auto& group : table_)
      for (const auto& row : group.rows)
        if (row.name == name) return &row;
    return nullptr;
  }

  train_options scratch_;
  std::vector<option_group> table_;
};

std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> out;
  for (const auto part : split_text(text, separator)) out.emplace_back(part);
  return out;
}

status refuse_repeats(const comparison_axis& axis, const std::string& option) {
  std::set<std::string> seen;
  for (const auto& each : axis.values)
    if (!seen.insert(each.name).second) return option_error(option, "'" + each.name + "' stands there twice");
  return ok();
}

// "delayed+muon+lr=0.02": a policy, an optimizer, and other options, each after a plus.
result<compared_value> read_policy(const std::string& text, tried_options& tried) {
  compared_value out{text, {}, {}};
  const auto parts = parts_of(text, '+');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto equals = parts[i].find('=');
    train_argument option;
    if (i == 0)
      option = {"policy", parts[i]};
    else if (equals == std::string::npos)
      option = tried.is_flag(parts[i]) ? train_argument{parts[i], ""} : train_argument{"optimizer", parts[i]};
    else
      option = {parts[i].substr(0, equals), parts[i].substr(equals + 1)};
    if (auto good = tried.take(option); !good) return good.failure().prefixed("--policies: ");
    out.options.push_back(std::move(option));
  }
  return out;
}

result<comparison_axis> policy_axis(const std::string& text, tried_options& tried) {
  comparison_axis out{"policy", "", {}};
  for (const auto& part : parts_of(text, ',')) {
    auto value = read_policy(part, tried);
    if (!value) return value.failure();
    out.values.push_back(std::move(*value));
  }
  if (auto good = refuse_repeats(out, "policies"); !good) return good.failure();
  return out;
}

// "0,1,10,100ms": the unit of the last one is that of all.
result<comparison_axis> link_axis(const std::string& text, tried_options& tried) {
  comparison_axis out{"link", "", {}};
  auto parts = parts_of(text, ',');
  const auto begin = parts.back().find_first_not_of("0123456789.");
  const auto unit = begin == std::string::npos ? std::string() : parts.back().substr(begin);
  if (unit.empty() && parts.back() != "0")
    return option_error("links", "expected delays with a unit at the end, in ms, s or batches (b), got '" + text +
                                   "'; write for example --links 0,1,10,100ms");
  out.unit = unit == "b" ? "batches" : unit;
  for (auto part : parts) {
    if (part.ends_with(unit)) part.resize(part.size() - unit.size());
    const auto number = parse_number<double>(part);
    if (!number)
      return option_error("links", "expected delays that all have the unit of the last one, got '" + part +
                                     "'; others are for --vary link=...|...");
    compared_value value{part + (unit == "b" || unit.empty() ? "" : " ") + unit, {}, number};
    if (*number != 0) value.options.push_back({"link", "delay@*:" + part + unit});
    for (const auto& each : value.options)
      if (auto good = tried.take(each); !good) return good.failure().prefixed("--links: ");
    out.values.push_back(std::move(value));
  }
  if (auto good = refuse_repeats(out, "links"); !good) return good.failure();
  return out;
}

result<comparison_axis> option_axis(const std::string& name, const std::vector<std::string>& values,
                                    tried_options& tried) {
  comparison_axis out{name, "", {}};
  for (const auto& value : values) {
    const train_argument option{name, value};
    if (auto good = tried.take(option); !good) return good.failure();
    out.values.push_back({value, {option}, {}});
  }
  if (auto good = refuse_repeats(out, name); !good) return good.failure();
  return out;
}

// The axes that options of `train` make, and what they say to all runs.
status take_options(const comparison_request& asked, tried_options& tried, comparison_plan& plan) {
  for (const auto& given : asked.given) {
    const auto whole = tried.take(given);
    if (whole) {
      plan.common.push_back(given);
      continue;
    }
    const auto values = parts_of(given.value, ',');
    if (values.size() < 2) return whole.failure();
    auto axis = option_axis(given.option, values, tried);
    if (!axis) return axis.failure();
    plan.axes.push_back(std::move(*axis));
  }
  for (const auto& text : asked.vary) {
    const auto equals = text.find('=');
    if (equals == std::string::npos)
      return option_error("vary",
                          "expected NAME=A|B, got '" + text + "'; write for example --vary 'betas=0.9,0.95|0.9,0.99'");
    auto axis = option_axis(text.substr(0, equals), parts_of(text.substr(equals + 1), '|'), tried);
    if (!axis) return axis.failure().prefixed("--vary: ");
    plan.axes.push_back(std::move(*axis));
  }
  return ok();
}

result<double> read_seconds(const std::string& text) {
  const auto begin = text.find_first_not_of("0123456789.");
  const auto unit = begin == std::string::npos ? std::string("s") : text.substr(begin);
  const auto number = parse_number<double>(std::string_view(text).substr(0, begin));
  const double factor = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (!number || factor == 0 || !(*number > 0))
    return option_error("until", "expected a time such as 120s, 5m or 1h, got '" + text + "'");
  return *number * factor;
}

bool says(const comparison_plan& plan, const std::string& option) {
  const auto is_it = [&](const train_argument& each) { return each.option == option; };
  if (std::any_of(plan.common.begin(), plan.common.end(), is_it)) return true;
  for (const auto& axis : plan.axes)
    for (const auto& value : axis.values)
      if (std::any_of(value.options.begin(), value.options.end(), is_it)) return true;
  return false;
}

// A run with a limit of time has as many steps as it makes, at a rate that stays, and is looked at evenly in time.
void add_usual(comparison_plan& plan) {
  const auto add = [&](const std::string& option, const std::string& value) {
    if (!says(plan, option)) plan.common.push_back({option, value});
  };
  if (plan.time_limit_s) {
    constexpr double looks = 24;
    if (!says(plan, "steps") && !says(plan, "epochs")) {
      add("schedule", "none");
      plan.common.push_back({"steps", "1000000000"});
    }
    plan.common.push_back({"for", format_real(*plan.time_limit_s)});
    if (!says(plan, "eval-every")) {
      add("eval-seconds", format_real(*plan.time_limit_s / looks));
      plan.common.push_back({"eval-every", "0"});
    }
  }
  add("trace", "off");
  add("keep-best", "off");
}

// Two axes, or an axis and all runs, must not say different things with one option.
status refuse_conflicts(const comparison_plan& plan) {
  std::set<std::string> taken;
  for (const auto& each : plan.common)
    if (!taken.insert(each.option).second) return option_error(each.option, "expected once, got it twice");
  for (const auto& axis : plan.axes) {
    std::set<std::string> own;
    for (const auto& value : axis.values)
      for (const auto& each : value.options) own.insert(each.option);
    for (const auto& option : own)
      if (!taken.insert(option).second) return option_error(option, "is said in two ways; leave one of them out");
  }
  return ok();
}

// FNV-1a: the same in every build, as folders outlive it.
std::uint32_t short_sum(const std::string& text) {
  std::uint32_t sum = 2166136261u;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619u;
  return sum % 100000;
}

// As a part of a folder's name. What it cannot hold is replaced, and told apart by a number made of the whole.
std::string folder_text(const std::string& value) {
  std::string out;
  bool replaced = false;
  for (const char c : value) {
    const bool plain =
      std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '+' || c == '-' || c == '=' || c == '_';
    if (c == ' ') continue;
    replaced = replaced || !plain;
    out += plain ? c : '~';
  }
  constexpr std::size_t longest = 40;
  replaced = replaced || out.size() > longest;
  out.resize(std::min(out.size(), longest));
  if (replaced) out += "~" + std::to_string(short_sum(value));
  return out;
}

void append_words(std::vector<std::string>& words, const train_argument& option) {
  words.push_back("--" + option.option);
  if (!option.value.empty()) words.push_back(option.value);
}

} // namespace

result<comparison_plan> plan_comparison(const comparison_request& asked) {
  tried_options tried;
  comparison_plan plan;
  auto policies = policy_axis(asked.policies, tried);
  if (!policies) return policies.failure();
  plan.axes.push_back(std::move(*policies));
  if (!asked.links.empty()) {
    auto links = link_axis(asked.links, tried);
    if (!links) return links.failure();
    plan.axes.push_back(std::move(*links));
  }
  if (auto done = take_options(asked, tried, plan); !done) return done.failure();
  const auto own_seeds =
    std::find_if(plan.axes.begin(), plan.axes.end(), [](const auto& each) { return each.name == "seed"; });
  if (own_seeds != plan.axes.end()) {
    std::rotate(own_seeds, own_seeds + 1, plan.axes.end());
  } else {
    comparison_axis seeds{"seed", "", {}};
    for (int seed = 1; seed <= asked.seeds; ++seed)
      seeds.values.push_back({std::to_string(seed), {{"seed", std::to_string(seed)}}, {}});
    plan.axes.push_back(std::move(seeds));
  }
  if (!asked.until.empty()) {
    const auto limit = read_seconds(asked.until);
    if (!limit) return limit.failure();
    plan.time_limit_s = *limit;
  }
  for (const auto& each : plan.common)
    if (each.option == "target") plan.target = *metric_target::parse(each.value);
  add_usual(plan);
  if (auto good = refuse_conflicts(plan); !good) return good.failure();
  return plan;
}

std::size_t comparison_plan::configurations() const {
  std::size_t count = 1;
  for (std::size_t i = 0; i + 1 < axes.size(); ++i) count *= axes[i].values.size();
  return count;
}

std::vector<planned_run> comparison_plan::runs() const {
  std::vector<planned_run> out;
  const auto per_seed = configurations();
  for (std::size_t seed = 0; seed < axes.back().values.size(); ++seed)
    for (std::size_t number = 0; number < per_seed; ++number) {
      planned_run run;
      auto rest = number;
      run.at.resize(axes.size());
      for (auto i = axes.size() - 1; i-- > 0;) {
        run.at[i] = rest % axes[i].values.size();
        rest /= axes[i].values.size();
      }
      run.at.back() = seed;
      for (const auto& each : common) append_words(run.arguments, each);
      for (std::size_t i = 0; i < axes.size(); ++i) {
        const auto& value = axes[i].values[run.at[i]];
        run.folder += (i == 0 ? "" : "," + folder_text(axes[i].name) + "=") + folder_text(value.name);
        for (const auto& each : value.options) append_words(run.arguments, each);
      }
      out.push_back(std::move(run));
    }
  return out;
}

} // namespace syngrad::tools
