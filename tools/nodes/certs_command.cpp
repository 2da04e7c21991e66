#include "actors/nodes/network_settings.hpp"
#include "runtime/text.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/nodes/certificate_folder.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <set>

namespace syngrad::tools {

namespace {

const std::vector<std::string> usual_names{"coordinator", "a", "b", "c"};

struct certs_options {
  std::vector<std::string> folders;              // exactly one
  std::vector<std::string> names, renew, revoke; // of these and `list` at most one
  bool list = false;
  std::vector<std::string> hosts;
  std::string ca_key;
  int days = 365;
  bool help = false;
};

std::vector<std::string> split_at_commas(const std::string& value) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= value.size();) {
    const auto end = std::min(value.find(',', begin), value.size());
    out.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

option_row comma_list(std::string name, std::string argument, std::vector<std::string>& target, std::string help,
                      std::function<status(const std::string&)> check) {
  auto set = [&target, check](const std::string& value) -> status {
    auto words = split_at_commas(value);
    for (const auto& word : words)
      if (auto valid = check(word); !valid) return valid.failure().prefixed("'" + word + "': ");
    if (std::set(words.begin(), words.end()).size() != words.size()) return error::setting("a name is given twice");
    target = std::move(words);
    return ok();
  };
  auto get = [&target]() -> std::optional<std::string> {
    if (target.empty()) return std::nullopt;
    return join_text(target, ",");
  };
  return {std::move(name), std::move(argument), std::move(help), set, get};
}

status check_certificate_name(const std::string& name) {
  if (name == "ca" || name == "ca-key" || name == "crl" || name.ends_with("-key") || name.starts_with("."))
    return error::setting("its files would have the name of others; choose another one");
  return check_node_name(name);
}

// Hosts become part of a list in OpenSSL's own syntax.
status check_host(const std::string& host) {
  const auto allowed = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '.' || c == ':' || c == '*'; };
  if (host.empty() || host.size() > longest_host || !std::all_of(host.begin(), host.end(), allowed))
    return error::setting("expected names or addresses of machines with commas between");
  return ok();
}

status check_renewed_name(const std::string& name) {
  return name == "ca" ? ok() : check_certificate_name(name);
}

option_reader make_certs_option_reader(certs_options& o) {
  auto names = comma_list("names", "NAME,...", o.names, "Make a certificate and a key for each of these nodes",
                          check_certificate_name);
  names.shown_default = "coordinator,a,b,c in a new folder";
  auto key = text("ca-key", "FILE", o.ca_key, "The CA's key, where it is kept elsewhere");
  key.shown_default = "ca-key.pem in DIR";
  option_reader reader(
    {{"What to do",
      {std::move(names),
       comma_list("renew", "NAME,...", o.renew,
                  "Make new ones for these, with a new key; the old ones stay good until they expire, or are revoked "
                  "before. ca: a new certificate for the CA itself, with the key that it has",
                  check_renewed_name),
       comma_list(
         "revoke", "NAME,...", o.revoke,
         "From the next start of each process on, nobody lets these in: all that was issued to them so far goes "
         "on the list DIR/crl.pem",
         check_certificate_name),
       flag("list", o.list, "Show what there is and until when it is good (also without any of these)")}},
     {"How",
      {comma_list("hosts", "HOST,...", o.hosts,
                  "Names and addresses of machines, put into every certificate for other programs; syngrad "
                  "itself goes by the node's name",
                  check_host),
       whole_number("days", o.days, 1, 36500, "How long everything is good for; of a node at most as long as its CA"),
       std::move(key), flag("help", o.help, "This text")}}},
    {{"names", "renew"},
     {"names", "revoke"},
     {"names", "list"},
     {"renew", "revoke"},
     {"renew", "list"},
     {"revoke", "list"}});
  reader.take_words(o.folders);
  return reader;
}

// ---- what is said

void say_copies(const certificate_folder& folder, const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (name != "ca")
      std::cout << "  " << name << ": " << folder.file(name + ".pem") << ' ' << folder.file(name + "-key.pem") << ' '
                << folder.file("ca.pem") << '\n';
}

void say_created(const certificate_folder& folder, const std::vector<std::string>& names, int days) {
  std::cout << "A CA and " << names.size() << " nodes, good for " << days << " days. Copy to the machine of\n";
  say_copies(folder, names);
  std::cout << "and give these on its command line:\n  --tls-cert " << names.front() << ".pem --tls-key "
            << names.front() << "-key.pem --tls-ca ca.pem\n"
            << "Keep " << folder.file("ca-key.pem")
            << " to yourself: who has it can make nodes. Only `syngrad certs` reads it, to add, renew and revoke.\n";
}

void say_renewed(const certificate_folder& folder, const std::vector<std::string>& names) {
  std::cout << "Renewed. Copy to the machine of\n";
  say_copies(folder, names);
  if (std::find(names.begin(), names.end(), "ca") != names.end())
    std::cout << "  every node: " << folder.file("ca.pem")
              << "\nWhat the CA has issued stays good, and a node with its old certificate is let in until that one "
                 "expires.\n";
}

void say_revoked(const certificate_folder& folder, const std::vector<std::string>& names, int certificates) {
  std::cout
    << "Revoked: " << certificates << (certificates == 1 ? " certificate of " : " certificates of ")
    << join_text(names, ",") << ". Copy to every other machine\n  " << folder.file("crl.pem")
    << "\nbeside its ca.pem (or name it with --tls-crl), and start the processes there again: the list is read at "
       "the start.\n";
}

std::string state_of(const certificate_folder::row& each, std::int64_t now_s) {
  if (each.revoked) return "revoked";
  if (each.facts.until_s < now_s) return "expired";
  if (each.replaced) return "replaced, still good";
  return expiry_warning(each.facts, now_s, "", "").empty() ? "good" : "expires soon";
}

void say_list(const std::vector<certificate_folder::row>& rows, std::int64_t now_s) {
  text_table table({"name", "state", "from", "until", "days left", "serial"});
  for (const auto& each : rows)
    table.add({each.is_ca ? "ca" : each.facts.name, state_of(each, now_s), date_text(each.facts.from_s),
               date_text(each.facts.until_s), std::to_string(each.facts.days_left(now_s)), each.facts.serial});
  std::cout << table.str();
}

// What expires soon, and a key that others read: on the standard error, whatever was done.
void warn(const certificate_folder& folder, const std::string& path, std::int64_t now_s) {
  if (const auto line = folder.key_warning(); !line.empty()) std::cerr << "syngrad certs: warning: " << line << '\n';
  const auto rows = folder.list();
  if (!rows) return;
  for (const auto& each : *rows) {
    if (each.revoked || each.replaced) continue;
    const auto name = each.is_ca ? std::string("ca") : each.facts.name;
    const auto line = expiry_warning(each.facts, now_s, "the certificate of " + name,
                                     "`syngrad certs " + path + " --renew " + name + "` makes a new one");
    if (!line.empty()) std::cerr << "syngrad certs: warning: " << line << '\n';
  }
}

// ---- what is done

status act(const certs_options& o, certificate_folder& folder, std::int64_t now_s) {
  const certificate_folder::wish wanted{o.hosts, o.days};
  status done = ok();
  if (!folder.has_authority()) {
    const auto& names = o.names.empty() ? usual_names : o.names;
    if (done = folder.create(names, wanted); done) say_created(folder, names, o.days);
  } else if (!o.names.empty()) {
    if (done = folder.add(o.names, wanted); done) {
      std::cout << "Added. Copy to the machine of\n";
      say_copies(folder, o.names);
    }
  } else if (!o.renew.empty()) {
    if (done = folder.renew(o.renew, wanted); done) say_renewed(folder, o.renew);
  } else if (!o.revoke.empty()) {
    const auto count = folder.revoke(o.revoke);
    if (!count) return count.failure();
    say_revoked(folder, o.revoke, *count);
  } else {
    const auto rows = folder.list();
    if (!rows) return rows.failure();
    say_list(*rows, now_s);
  }
  return done;
}

} // namespace

exit_code run_certs(std::span<const std::string> arguments) {
  ignore_write_signals();
  certs_options options;
  auto reader = make_certs_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout
      << "Usage: syngrad certs DIR [OPTION]...\n\n"
         "Keeps a private certificate authority (CA) in DIR, and makes a certificate with its key for each node. "
         "Processes\nthat have certificates of one CA let each other in, and nobody else; all that crosses the "
         "network is encrypted.\nIn a new folder it makes the CA; in one that has it, it adds, renews, revokes or "
         "shows.\nDefaults stand in brackets.\n\n"
      << format_option_help(reader.groups())
      << "Examples:\n"
         "  syngrad certs certs --names head,a,b      a CA, and three nodes\n"
         "  syngrad certs certs --names c             a fourth one, later\n"
         "  syngrad certs certs                       what there is, and until when\n"
         "  syngrad certs certs --renew a --days 90\n"
         "  syngrad certs certs --revoke b            then copy certs/crl.pem to the others\n\n"
         "Exit status: 0 done, 1 it could not be done (nothing was changed), 2 bad usage.\n";
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("certs", read.failure());
  if (options.folders.size() != 1)
    return refuse_command("certs", error::setting("expected one folder for the files: syngrad certs DIR"));
  if (!options.renew.empty() || !options.revoke.empty() || options.list) // nothing is made where there is nothing
    if (std::error_code ignored; !std::filesystem::exists(options.folders.front() + "/ca.pem", ignored))
      return fail_command("certs", error::file("there is no CA in '" + options.folders.front() +
                                               "' (ca.pem); without these options one is made"));
  auto folder = certificate_folder::open(options.folders.front(), options.ca_key);
  if (!folder) return fail_command("certs", folder.failure());
  const auto now_s = static_cast<std::int64_t>(std::time(nullptr));
  if (auto done = act(options, *folder, now_s); !done) return fail_command("certs", done.failure());
  warn(*folder, options.folders.front(), now_s);
  std::cout.flush();
  return exit_code::done;
}

} // namespace syngrad::tools
