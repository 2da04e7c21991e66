#include "tools/nodes/certs_command.hpp"

#include "actors/nodes/certificate_authority.hpp"
#include "actors/nodes/network_settings.hpp"
#include "runtime/io/file_descriptor.hpp"
#include "tools/command_line/option_help.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/signals.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>

namespace syngrad::tools {

namespace {

struct certs_options {
  std::vector<std::string> folders; // exactly one
  std::vector<std::string> names{"coordinator", "a", "b", "c"};
  std::vector<std::string> hosts;
  int days = 365;
  bool help = false;
};

exit_code fail(const std::string& message, exit_code code) {
  std::cerr << "syngrad certs: " << message << '\n';
  return code;
}

std::vector<std::string> split_at_commas(const std::string& value) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= value.size();) {
    const auto end = std::min(value.find(',', begin), value.size());
    out.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ",") + word;
  return out;
}

option_row list(std::string name, std::string argument, std::vector<std::string>& target, std::string help,
                std::function<status(const std::string&)> check) {
  auto set = [&target, check](const std::string& value) -> status {
    auto words = split_at_commas(value);
    for (const auto& word : words)
      if (auto valid = check(word); !valid) return error{"'" + word + "': " + valid.message()};
    if (std::set(words.begin(), words.end()).size() != words.size()) return error{"a name is given twice"};
    target = std::move(words);
    return ok();
  };
  auto get = [&target]() -> std::optional<std::string> {
    if (target.empty()) return std::nullopt;
    return join(target);
  };
  return {std::move(name), std::move(argument), std::move(help), set, get};
}

status check_certificate_name(const std::string& name) {
  if (name == "ca" || name == "ca-key" || name.ends_with("-key") || name.starts_with("."))
    return error{"its files would have the name of others; choose another one"};
  return check_node_name(name);
}

// Hosts become part of a list in OpenSSL's own syntax.
status check_host(const std::string& host) {
  const auto allowed = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '.' || c == ':' || c == '*'; };
  if (host.empty() || host.size() > longest_host || !std::all_of(host.begin(), host.end(), allowed))
    return error{"expected names or addresses of machines with commas between"};
  return ok();
}

option_reader make_reader(certs_options& o) {
  option_reader reader(
    {{"What to make",
      {list("names", "NAME,...", o.names, "Names of the nodes", check_certificate_name),
       list("hosts", "HOST,...", o.hosts,
            "Names and addresses of machines, put into every certificate for other programs; syngrad "
            "itself goes by the node's name",
            check_host),
       whole_number("days", o.days, 1, 36500, "How long everything is good for"), flag("help", o.help, "This text")}}});
  reader.take_words(o.folders);
  return reader;
}

struct new_file {
  std::string name, contents;
};

result<std::vector<new_file>> issue_all(const certs_options& options) {
  const auto authority = certificate_authority::create("syngrad CA", options.days);
  if (!authority) return authority.failure();
  std::vector<new_file> out{{"ca.pem", authority->own().certificate}, {"ca-key.pem", authority->own().key}};
  for (const auto& name : options.names) {
    const auto issued = authority->issue(name, options.hosts, options.days);
    if (!issued) return issued.failure();
    out.push_back({name + ".pem", issued->certificate});
    out.push_back({name + "-key.pem", issued->key});
  }
  return out;
}

status write_all(const std::filesystem::path& folder, const std::vector<new_file>& files) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return file_error("create", folder.string(), failed.value());
  for (const auto& file : files)
    if (std::filesystem::exists(folder / file.name))
      return error{"'" + (folder / file.name).string() +
                   "' exists, and nothing is overwritten: other nodes may rely on it; give another folder"};
  for (const auto& file : files) {
    auto created = file_descriptor::create_private((folder / file.name).string());
    if (!created) return created.failure();
    if (auto written = created->write(file.contents); !written) return written.failure();
    if (auto closed = created->close(); !closed) return closed.failure();
  }
  return ok();
}

void say_what_to_do(const std::filesystem::path& folder, const std::vector<std::string>& names, int days) {
  const auto path = [&](const std::string& name) { return (folder / name).string(); };
  std::cout << "A CA and " << names.size() << " nodes, good for " << days << " days. Copy to the machine of\n";
  for (const auto& name : names)
    std::cout << "  " << name << ": " << path(name + ".pem") << ' ' << path(name + "-key.pem") << ' ' << path("ca.pem")
              << '\n';
  std::cout << "and give these on its command line:\n  --tls-cert " << names.front() << ".pem --tls-key "
            << names.front() << "-key.pem --tls-ca ca.pem\n"
            << "Keep " << path("ca-key.pem")
            << " to yourself: who has it can make nodes. Nobody else needs it, and syngrad does not read it.\n";
}

} // namespace

exit_code run_certs(std::span<const std::string> arguments) {
  ignore_write_signals();
  certs_options options;
  auto reader = make_reader(options);
  if (asks_for_help(arguments)) {
    std::cout << "Usage: syngrad certs DIR [OPTION]...\n\n"
                 "Makes a private certificate authority (CA) and a certificate with its key for each node. Processes "
                 "that\nhave certificates of one CA let each other in, and nobody else; all that crosses the network "
                 "is encrypted.\nDefaults stand in brackets.\n\n"
              << format_option_help(reader.groups()) << "Example:\n  syngrad certs certs --names head,a,b\n";
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return fail(read.message(), exit_code::bad_usage);
  if (options.folders.size() != 1)
    return fail("expected one folder for the files: syngrad certs DIR", exit_code::bad_usage);
  const auto files = issue_all(options);
  if (!files) return fail(files.message(), exit_code::failed);
  if (auto written = write_all(options.folders.front(), *files); !written)
    return fail(written.message(), exit_code::failed);
  say_what_to_do(options.folders.front(), options.names, options.days);
  std::cout.flush();
  return exit_code::done;
}

} // namespace syngrad::tools
