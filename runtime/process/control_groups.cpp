// /proc/self/cgroup has a line for each hierarchy, NUMBER:CONTROLLER,...:PATH (version 2: 0::PATH).
// /proc/self/mountinfo has a line for each mount; the fields that matter are the 4th and 5th, which part of the
// hierarchy is mounted where, and after " - " the type of the file system and the 3rd, its controllers (version 1).
#include "runtime/process/control_groups.hpp"

#include <charconv>
#include <fstream>
#include <sstream>

namespace syngrad {

namespace {

struct hierarchy {
  std::string path; // of this process's group
  int version = 2;
};

struct mount {
  std::string part, folder; // which part of the hierarchy, and where
};

bool lists(const std::string& names, const std::string& name) {
  std::istringstream all(names);
  for (std::string each; std::getline(all, each, ',');)
    if (each == name) return true;
  return false;
}

// A controller that version 1 has is not in version 2.
std::optional<hierarchy> hierarchy_of(const std::string& controller, const std::string& root) {
  std::ifstream file(root + "/proc/self/cgroup");
  std::optional<hierarchy> unified;
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto names = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    if (lists(names, controller)) return hierarchy{path, 1};
    if (names.empty()) unified = hierarchy{path, 2};
  }
  return unified;
}

// Spaces and their like are written as \040.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr == text.data() + i + 4) {
      out += static_cast<char>(code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<mount> mount_of(const std::string& controller, int version, const std::string& root) {
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line.substr(0, dash)), after(line.substr(dash + 3));
    std::string id, parent, device, part, folder, type, source, options;
    before >> id >> parent >> device >> part >> folder;
    after >> type >> source >> options;
    if (version == 2 ? type == "cgroup2" : type == "cgroup" && lists(options, controller))
      return mount{unescaped(part), unescaped(folder)};
  }
  return std::nullopt;
}

// `path` within the mounted part, "" for its top. A path that leads elsewhere (of a namespace that is not ours) is
// taken for the top: what is mounted is all that can be seen.
std::string within(const mount& at, const std::string& path) {
  if (path.find("/..") != std::string::npos) return "";
  if (at.part == "/") return path == "/" ? "" : path;
  if (path == at.part || !path.starts_with(at.part + "/")) return "";
  return path.substr(at.part.size());
}

} // namespace

std::vector<control_group> find_control_groups(const std::string& controller, const std::string& root) {
  const auto own = hierarchy_of(controller, root);
  if (!own) return {};
  const auto at = mount_of(controller, own->version, root);
  if (!at) return {};
  std::vector<control_group> groups;
  for (auto path = within(*at, own->path);; path.resize(path.rfind('/'))) {
    groups.push_back({root + at->folder + path, own->version});
    if (path.empty()) return groups;
  }
}

std::string read_of(const control_group& group, const std::string& name) {
  std::ifstream file(group.folder + "/" + name);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<std::int64_t> limit_in(const std::string& text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

} // namespace syngrad
