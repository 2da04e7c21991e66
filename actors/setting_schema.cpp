#include "actors/setting_schema.hpp"

#include "actors/wire_choice.hpp"
#include "models/learning_rate.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/io/value_text.hpp"
#include "runtime/text.hpp"
#include "runtime/trace/trace_mode.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <type_traits>
#include <utility>

namespace syngrad {

namespace {

// ---- variables: of a plain type, or one that may have no value

template <class Value, class Given>
void put_value(Value& variable, Given given) {
  variable = static_cast<Value>(std::move(given));
}

template <class Value, class Given>
void put_value(std::optional<Value>& variable, Given given) {
  variable = static_cast<Value>(std::move(given));
}

template <class Value, class Write>
std::optional<std::string> text_of_value(const Value& value, Write write) {
  return write(value);
}

template <class Value, class Write>
std::optional<std::string> text_of_value(const std::optional<Value>& value, Write write) {
  return value ? std::optional<std::string>(write(*value)) : std::nullopt;
}

// ---- kinds of settings. `where` leads from the settings to the variable.

template <class Where, class Read, class Write>
setting make_setting(std::string name, std::string form, Where where, Read read, Write write) {
  return {std::move(name), std::move(form),
          [where, read](run_settings& settings, const std::string& text) -> status {
            auto value = read(text);
            if (!value) return value.failure();
            put_value(std::invoke(where, settings), std::move(*value));
            return ok();
          },
          [where, write](const run_settings& settings) { return text_of_value(std::invoke(where, settings), write); }};
}

template <class Where>
setting whole_setting(std::string name, Where where, whole_range range = {}) {
  return make_setting(
    std::move(name), "N", where, [range](const std::string& text) { return read_whole(text, range); },
    [](auto value) { return std::to_string(value); });
}

template <class Where>
setting real_setting(std::string name, std::string form, Where where, real_range range) {
  using variable = std::remove_cvref_t<std::invoke_result_t<Where, const run_settings&>>;
  const auto read = [range](const std::string& text) {
    if constexpr (std::is_same_v<variable, float> || std::is_same_v<variable, std::optional<float>>)
      return read_float(text, range);
    else
      return read_real(text, range);
  };
  return make_setting(std::move(name), std::move(form), where, read, [](auto value) { return format_real(value); });
}

template <class Where>
setting flag_setting(std::string name, Where where) {
  return make_setting(std::move(name), "", where, read_flag, [](bool value) { return value ? "true" : "false"; });
}

template <class Where>
setting choice_setting(std::string name, Where where, std::vector<std::string> names) {
  auto form = join_text(names, "|");
  const auto read = [names = std::move(names)](const std::string& text) -> result<std::string> {
    if (auto known = check_choice(text, names); !known) return known.failure();
    return text;
  };
  return make_setting(std::move(name), std::move(form), where, read, [](const std::string& value) { return value; });
}

// A bool that is written as one of two `names`; `name_of_true` is that of true.
template <class Where>
setting named_flag(std::string name, Where where, std::vector<std::string> names, std::string name_of_true) {
  auto form = join_text(names, "|");
  const auto name_of_false = names.front() == name_of_true ? names.back() : names.front();
  const auto read = [names = std::move(names), name_of_true](const std::string& text) -> result<bool> {
    if (auto known = check_choice(text, names); !known) return known.failure();
    return text == name_of_true;
  };
  return make_setting(std::move(name), std::move(form), where, read,
                      [=](bool value) { return value ? name_of_true : name_of_false; });
}

// `check` fails with what was expected.
template <class Where, class Check>
setting text_setting(std::string name, std::string form, Where where, Check check) {
  const auto read = [check](const std::string& text) -> result<std::string> {
    if (auto good = check(text); !good) return good.failure();
    return text;
  };
  return make_setting(std::move(name), std::move(form), where, read, [](const std::string& value) { return value; });
}

// One whose value may be none, which is empty.
setting or_none(setting of) {
  of.text = [text = std::move(of.text)](const run_settings& settings) {
    auto value = text(settings);
    return value && value->empty() ? std::nullopt : value;
  };
  return of;
}

// ---- settings with a grammar of their own

result<std::vector<int>> read_split(const std::string& text) {
  constexpr std::int64_t most_units = 1 << 16;
  std::vector<int> split;
  for (const auto part : split_text(text, ',')) {
    const auto units = parse_number<std::int64_t>(part);
    if (!units || std::abs(*units) > most_units)
      return error::setting("expected numbers of units with commas between, got '" + text +
                            "'; write for example --split 2,2,2");
    split.push_back(static_cast<int>(*units));
  }
  return split;
}

// Of "every:N".
std::optional<std::int64_t> read_every(std::string_view text) {
  constexpr std::string_view prefix = "every:";
  return text.starts_with(prefix) ? parse_number<std::int64_t>(text.substr(prefix.size())) : std::nullopt;
}

setting update_setting() {
  const auto read = [](const std::string& text) -> result<int> {
    const auto number = read_every(text);
    if (!number || *number < 1 || *number > most_update_batches)
      return error::setting("expected every:M with M from 1 to " + std::to_string(most_update_batches) + ", got '" +
                            text + "'; write for example --update every:12");
    return static_cast<int>(*number);
  };
  return make_setting("update", "every:M", &training_settings::update_batches, read,
                      [](int batches) { return "every:" + std::to_string(batches); });
}

setting audit_setting() {
  const auto read = [](const std::string& text) -> result<std::int64_t> {
    if (text == "off") return 0;
    const auto number = read_every(text);
    if (!number || *number < 1)
      return error::setting("expected every:N with N at least 1, or off, got '" + text +
                            "'; write for example --audit every:50");
    return *number;
  };
  return make_setting("audit", "every:N", &training_settings::audit_every, read,
                      [](std::int64_t every) { return every == 0 ? "off" : "every:" + std::to_string(every); });
}

// Some of what it may be depends on the number of steps: run_check.hpp.
setting schedule_setting() {
  const auto read = [](const std::string& text) -> result<std::string> {
    if (text == "none") return std::string();
    if (pipeline_schedule::parse(text))
      return error::setting("expected how the rate goes, got '" + text +
                            "'; the order of passes in a pipeline is --pipeline-schedule " + text);
    if (auto good = check_schedule(text); !good) return good.failure();
    return text;
  };
  return make_setting("schedule", "TERM,...", &training_settings::schedule, read,
                      [](const std::string& schedule) { return schedule.empty() ? "none" : schedule; });
}

template <class Check>
auto only_check(Check check) {
  return [check](const std::string& text) -> status {
    if (auto read = check(text); !read) return read.failure();
    return ok();
  };
}

const real_range below_one{0, 1, false, true}; // 0 is allowed, 1 is not
const real_range not_negative{0};
const real_range above_zero{.least = 0, .without_least = true};
// Beyond these a step may not be finite although its gradient is: models/learning_rate.cpp.
const real_range rate_range{0, 1e9, true};

// Of Adam: what its two moments keep of themselves at each step.
template <class Of>
setting betas_setting(const std::string& name, Of of) {
  return {name, "B1,B2",
          [of](run_settings& settings, const std::string& text) -> status {
            const auto parts = split_text(text, ',');
            std::vector<float> betas;
            for (const auto part : parts)
              if (auto beta = read_float(std::string(part), below_one)) betas.push_back(*beta);
            if (parts.size() != 2 || betas.size() != 2)
              return error::setting("expected two numbers of at least 0 and below 1, with a comma between, got '" +
                                    text + "'; write for example 0.9,0.95");
            of(settings).beta1 = betas[0];
            of(settings).beta2 = betas[1];
            return ok();
          },
          [of](const run_settings& settings) -> std::optional<std::string> {
            const optimizer_settings& by = of(settings);
            if (!by.beta2 && by.beta1 == optimizer_settings{}.beta1) return std::nullopt;
            return format_real(by.beta1) + "," + format_real(by.second_beta());
          }};
}

// `prefix` is that of the names; `of` leads to the optimizer. Momentum and the like of the predictors' optimizer are no
// options.
template <class Of>
void add_optimizer(std::vector<setting>& all, const std::string& prefix, Of of, bool is_option) {
  const auto in = [of](auto member) {
    return [ of, member ](auto& settings) -> auto& {
      return of(settings).*member;
    };
  };
  using o = optimizer_settings;
  all.push_back(choice_setting(prefix + "optimizer", in(&o::name), known_optimizers()));
  std::vector<setting> details{real_setting(prefix + "momentum", "M", in(&o::momentum), below_one),
                               flag_setting(prefix + "nesterov", in(&o::nesterov)),
                               betas_setting(prefix + "betas", of),
                               real_setting(prefix + "epsilon", "X", in(&o::epsilon), above_zero),
                               real_setting(prefix + "adam-ratio", "R", in(&o::adam_ratio), not_negative),
                               whole_setting(prefix + "muon-every", in(&o::muon_every), {1}),
                               flag_setting(prefix + "relative-steps", in(&o::relative_steps)),
                               choice_setting(prefix + "moments", in(&o::moments), known_moments()),
                               real_setting(prefix + "weight-decay", "D", in(&o::weight_decay), not_negative)};
  for (auto& each : details) {
    each.is_option = is_option;
    all.push_back(std::move(each));
  }
}

status check_predictor(const std::string& kind) {
  return kind == automatic_predictor ? ok() : check_synthetic_gradient_kind(kind);
}

} // namespace

std::vector<setting> setting_schema() {
  using t = training_settings;
  using r = run_settings;
  const auto predictors = [](auto member) {
    return [member](auto& settings) -> auto& {
      return settings.synthetic.*member;
    };
  };
  const auto wanted = [](auto member) {
    return [member](auto& settings) -> auto& {
      return settings.objective.*member;
    };
  };
  using p = synthetic_gradient_settings;
  std::vector<setting> all{
    text_setting("model", "MODEL", &r::model, [](const std::string&) { return ok(); }),
    or_none(make_setting("split", "N,N,...", &t::split, read_split,
                         [](const std::vector<int>& split) { return join_text(split, ","); })),
    real_setting("validation", "FRACTION", &t::validation_fraction, below_one),
    or_none(make_setting("augment", "crop:N,flip", &t::augment, augmentation::parse,
                         [](const augmentation& of) { return of.text(); })),
    named_flag("windows", &t::continuing_windows, {"random", "continuing"}, "continuing"),
    make_setting("unroll", "truncated|dni[:TARGETS]", &t::unroll, unroll_settings::parse,
                 [](const unroll_settings& of) { return of.text(); }),
    choice_setting("objective", wanted(&objective_settings::name), known_objectives()),
    real_setting("label-smoothing", "SHARE", wanted(&objective_settings::label_smoothing), below_one),

    choice_setting("policy", &t::policy, known_policies()),
    make_setting("pipeline-schedule", "gpipe|1f1b|interleaved:V|zero-bubble[:h2]", &t::pipeline,
                 pipeline_schedule::parse, [](const pipeline_schedule& of) { return of.text(); }),
    whole_setting("micro-batches", &t::micro_batches, {1, most_batch}),
    make_setting("local-head", "linear|mlp:N|early-exit", &t::local_head, local_head_choice::parse,
                 [](const local_head_choice& of) { return of.text(); }),
    text_setting("sg", "KIND", predictors(&p::kind), check_predictor),
    named_flag("condition", predictors(&p::labels), {"labels", "none"}, "labels"),
    whole_setting("sg-rows", predictors(&p::rows)),
    whole_setting("sg-warmup", &t::warmup_batches),
    make_setting("residual-weight", "W|auto", &t::residual_weight, residual_weight::parse,
                 [](const residual_weight& of) { return of.text(); }),
    make_setting("correct", "all|every:N|p:P", &t::correct, gradient_demand::parse_fixed,
                 [](const gradient_demand& demand) { return demand.text(); }),
    make_setting("correct-rows", "N[:loss|uniform]", &t::corrected, sample_choice::parse,
                 [](const sample_choice& of) { return of.text(); }),
    named_flag("weights", &t::stash_weights, {"current", "stash"}, "stash"),
    update_setting(),
    flag_setting("error-feedback", &t::error_feedback),
    make_setting("gate", "BOUND,...", &t::gate, gate_settings::parse,
                 [](const gate_settings& of) { return of.text(); }),
    real_setting("target-mix", "L", &t::target_mix, {0, 1}),
    make_setting("gradients", "WHICH", &t::gradients, gradient_demand::parse,
                 [](const gradient_demand& demand) { return demand.text(); }),

    real_setting("lr", "RATE", &t::learning_rate, rate_range),
    real_setting("sg-lr", "RATE", &t::synthetic_learning_rate, rate_range),
    schedule_setting(),
    real_setting("clip-norm", "X", &t::clip_norm, not_negative),

    whole_setting("batch", &t::batch_size, {least_batch, most_batch}),
    whole_setting("steps", &t::steps, {1}),
    whole_setting("eval-every", &t::evaluate_every),
    real_setting("eval-seconds", "SECONDS", &t::evaluate_every_s, {0, 1e9}),
    real_setting("for", "SECONDS", &t::time_limit_s, {0, 1e9, true}),
    whole_setting("eval-samples", &t::evaluate_samples),
    make_setting("target", "METRIC<=X", &t::target, metric_target::parse,
                 [](const metric_target& target) { return target.text(); }),

    make_setting("seed", "N", &t::seed, read_unsigned, [](std::uint64_t seed) { return std::to_string(seed); }),
    flag_setting("momentum-by-delay", &t::momentum_by_delay),
    flag_setting("delay-lr", &t::discount_by_delay),
    flag_setting("deterministic", &t::deterministic),
    whole_setting("lag", &t::lag, {0, most_lag}),
    or_none(make_setting("link", "TERM,...", &t::link, emulated_network::parse,
                         [](const emulated_network& of) { return of.text(); })),
    whole_setting("credits", &t::credits, {1, most_credits}),
    whole_setting("threads", &t::threads, {1, most_threads}),
    whole_setting("intra-op", &t::intra_op, {1, most_threads}),
    audit_setting(),
    named_flag("on-nonfinite", &t::skip_nonfinite, {"stop", "skip"}, "skip"),
    real_setting("hang-after", "SECONDS", &t::hang_after_s, {0, 1e9}),
    whole_setting("max-alone", &t::max_alone),

    choice_setting("precision", &r::precision, {"f32", "tf32", "bf16"}),
    flag_setting("recompute", &t::recompute),
    named_flag("cuda-graphs", &t::cuda_graphs, {"on", "off"}, "on"),
    text_setting("wire", "FORMAT[,rank:R]", &r::wire, only_check(wire_choice::parse)),
    or_none(text_setting("trace", "MODE", &r::trace, only_check(parse_trace_mode))),
    text_setting("trace-limit", "SIZE", &r::trace_limit, only_check(parse_size)),
  };
  add_optimizer(
    all, "", [](auto& settings) -> auto& { return settings.optimizer; }, true);
  add_optimizer(
    all, "sg-", [](auto& settings) -> auto& { return settings.synthetic.optimizer; }, false);
  return all;
}

status check_values(const run_settings& settings) {
  for (const auto& each : setting_schema()) {
    const auto text = each.text(settings);
    run_settings scratch;
    if (!text) continue;
    if (auto read = each.read(scratch, *text); !read) return read.failure().prefixed(each.name + ": ");
  }
  return ok();
}

std::vector<setting_text> texts_of(const run_settings& settings) {
  std::vector<setting_text> out;
  for (const auto& each : setting_schema())
    if (auto text = each.text(settings)) out.push_back({each.name, std::move(*text)});
  return out;
}

result<run_settings> settings_of(const std::vector<setting_text>& texts) {
  const auto schema = setting_schema();
  const run_settings usual;
  run_settings out;
  std::set<std::string> given;
  const auto broken = [](const std::string& name, const std::string& what) {
    return error::peer("the setting '" + visible(name) + "' " + what + ": is every process the same build?");
  };
  for (const auto& [name, value] : texts) {
    const auto found = std::find_if(schema.begin(), schema.end(), [&](const auto& each) { return each.name == name; });
    if (found == schema.end()) return broken(name, "is not known");
    if (!given.insert(name).second) return broken(name, "came twice");
    if (auto read = found->read(out, value); !read) return read.failure().prefixed(name + ": ");
  }
  for (const auto& each : schema)
    if (!given.contains(each.name) && each.text(usual)) return broken(each.name, "is missing");
  return out;
}

} // namespace syngrad
