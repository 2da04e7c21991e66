#include "models/generation/language_model.hpp"
#include "models/generation/token_sampler.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"
#include "tools/trained/trained_run.hpp"

#include <fmt/core.h>

#include <iostream>
#include <string>
#include <vector>

namespace syngrad::tools {

namespace {

struct generate_options {
  std::vector<std::string> runs; // one
  std::string prompt;
  std::int64_t tokens = 500;
  double temperature = 0.8;
  std::int64_t top_k = 0;
  std::int64_t seed = 1;
  std::string weights; // as weights_row() says
  std::string config;
  bool help = false;
};

option_row with_default_text(option_row row, std::string shown) {
  row.shown_default = std::move(shown);
  return row;
}

option_reader make_generate_option_reader(generate_options& o) {
  constexpr std::int64_t most = std::int64_t{1} << 40;
  option_reader reader(
    {{"What is written",
      {with_default_text(text("prompt", "TEXT", o.prompt,
                              "What the text begins with. Of a run on tokens:DIR its numbers, with blanks between"),
                         "a line end, or else the first token; neither is printed"),
       whole_number("tokens", o.tokens, 0, most,
                    "How many tokens follow: characters of text:FILE, bytes of bytes:FILE"),
       real_number("temperature", "T", o.temperature, {0, 1000},
                   "How bold it is. The network's logits are divided by T: 1 draws as likely as the network says, less "
                   "keeps to what is likely, 0 always takes the likeliest"),
       with_default_text(whole_number("top-k", o.top_k, 0, most, "Draws among the N likeliest tokens only"), "0: all"),
       whole_number("seed", o.seed, 0, most, "The same seed, the same text; another one, another text")}},
     {"With what",
      {weights_row(o.weights),
       with_default_text(text("config", "FILE", o.config,
                              "Read options from FILE, lines NAME = VALUE; the command "
                              "line wins"),
                         ""),
       flag("help", o.help, "This text")}}});
  reader.take_words(o.runs);
  return reader;
}

std::string generate_help(const option_reader& reader) {
  return "Usage: syngrad generate RUN [OPTION]...\n\n"
         "Writes a text with a network that `syngrad train` has trained on one: token after token, each drawn by what\n"
         "the network says of those before it. RUN is the run's folder; its run.ini says which network it is, its\n"
         "data.json what tokens stand for. The text goes to the standard output as it is made.\n"
         "Defaults stand in brackets.\n\n" +
         format_option_help(reader.groups()) +
         "A network with a state (lstm, gru) remembers all that was read; one with attention (gpt) sees the last\n"
         "tokens, as many as its context.\n\n"
         "Examples:\n"
         "  syngrad train --data text:input.txt --model gpt:4x64 --run runs/text\n"
         "  syngrad generate runs/text --prompt 'ROMEO:'\n"
         "  syngrad generate runs/text --prompt 'ROMEO:' --temperature 0 --tokens 200     its likeliest text\n"
         "  syngrad generate runs/text --top-k 5 --seed 2\n"
         "  syngrad generate runs/text --weights best\n\n"
         "Exit status: 0 done, 1 failed while writing, 2 bad usage.\n";
}

void print_generate_notice(const std::string& line) {
  std::cerr << "syngrad generate: " << line << std::endl;
}

// What the network reads first: at least one token.
result<std::vector<std::int32_t>> read_prompt(const generate_options& options, const vocabulary& tokens) {
  auto prompt = tokens.encode(options.prompt);
  if (!prompt)
    return option_error("prompt", prompt.message() + ", which are those of the run's data; leave it out or write it "
                                                     "otherwise");
  if (!prompt->empty()) return prompt;
  if (!options.prompt.empty())
    return option_error("prompt", "it has blanks alone, and the run's data is of numbers; leave it out or write them, "
                                  "such as '0 1'");
  if (auto line_end = tokens.encode("\n"); line_end && line_end->size() == 1) return line_end;
  return std::vector<std::int32_t>{0};
}

// Prints tokens as they come. Numbers get blanks between.
class token_printer {
public:
  explicit token_printer(const vocabulary& tokens) : tokens_(tokens) {}

  // False where nobody reads it any more, or it cannot be written.
  bool print(std::span<const std::int32_t> tokens) {
    auto text = tokens_.decode(tokens);
    if (text.empty()) return true;
    if (is(vocabulary::kind::numbers) && !last_.empty()) text.insert(0, " ");
    last_ = text.substr(text.size() - 1);
    return static_cast<bool>(std::cout << text << std::flush);
  }
  // Bytes stay those that were drawn.
  void finish() {
    if (!is(vocabulary::kind::bytes) && !last_.empty() && last_ != "\n") std::cout << '\n' << std::flush;
  }

private:
  bool is(vocabulary::kind what) const { return tokens_.what() == what; }

  const vocabulary& tokens_;
  std::string last_; // byte
};

// Where the weights do not fit their model, a message says so before anything is printed.
exit_code generate(const generate_options& options) {
  const auto& folder = options.runs.front();
  auto run = open_trained_run(folder, options.weights);
  if (!run) return refuse_command("generate", run.failure());
  if (auto good = check_writes_text(*run); !good) return refuse_command("generate", good.failure());
  const auto& tokens = *run->facts.tokens;
  const auto prompt = read_prompt(options, tokens);
  if (!prompt) return refuse_command("generate", prompt.failure());
  configure_compute_thread();
  cpu_device cpu;
  auto& work = cpu.make_stream();
  auto net = run->take_network(work);
  if (!net) return refuse_command("generate", net.failure());
  language_model model(work, std::move(*net));

  if (tokens.what() == vocabulary::kind::numbers)
    print_generate_notice("tokens are printed as their numbers: the data " + run->facts.source +
                          " does not say what they stand for");
  if (const auto size = static_cast<std::int64_t>(prompt->size()); !model.has_state() && size > model.context())
    print_generate_notice(fmt::format("the prompt has {} tokens, and the network sees the last {} of them, its context",
                                      size, model.context()));
  token_printer printer(tokens);
  if (!options.prompt.empty() && !printer.print(*prompt)) return exit_code::done;
  token_sampler sampler({options.temperature, options.top_k, static_cast<std::uint64_t>(options.seed)});
  std::vector<std::int32_t> read = *prompt;
  for (std::int64_t i = 0; i < options.tokens; ++i) {
    model.read(read);
    const auto next = sampler.draw(model.logits().first(static_cast<std::size_t>(tokens.size())));
    if (!next) {
      printer.finish();
      return fail_command("generate", error::data(run->weights_path +
                                                  ": with these weights the network gives numbers "
                                                  "that are not finite; give those of a better "
                                                  "moment, such as " +
                                                  folder + "/weights.best.safetensors, with --weights"));
    }
    read.assign(1, *next);
    if (!printer.print(read)) return exit_code::done; // how it ends is the standard output's business
  }
  printer.finish();
  return exit_code::done;
}

} // namespace

exit_code run_generate(std::span<const std::string> arguments) {
  ignore_write_signals();
  generate_options options;
  auto reader = make_generate_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout << generate_help(reader);
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("generate", read.failure());
  if (options.runs.size() != 1)
    return refuse_command("generate",
                          error::setting(options.runs.empty()
                                           ? "expected the folder of a run: syngrad generate RUN [OPTION]..."
                                           : "expected the folder of one run, got '" + options.runs[0] + "' and '" +
                                               options.runs[1] + "'; a text with blanks stands in quotes"));
  return generate(options);
}

} // namespace syngrad::tools
