#include "runtime/process/processors.hpp"

#include "runtime/process/control_groups.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <sched.h>
#include <sstream>
#include <unistd.h>

namespace syngrad {

namespace {

// The kernel's set may be larger than the C library's usual one.
int count_affinity() {
  constexpr int most = 1 << 16;
  for (int processors = 1024; processors <= most; processors *= 2) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(static_cast<std::size_t>(processors)),
                                                               [](cpu_set_t* each) { CPU_FREE(each); });
    const auto bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(processors));
    if (set && ::sched_getaffinity(0, bytes, set.get()) == 0) return CPU_COUNT_S(bytes, set.get());
  }
  return 0;
}

struct quota_setting {
  double processors;
  std::string file;
};

// Version 2: "cpu.max" has the microseconds that may be used ("max": all) in each period of so many. Version 1: two
// files, where -1 is no quota.
std::optional<quota_setting> quota_set_by(const control_group& group) {
  const bool unified = group.version == 2;
  const std::string name = unified ? "cpu.max" : "cpu.cfs_quota_us";
  const auto text = read_of(group, name);
  const auto blank = std::min(text.find(' '), text.size());
  const auto used = limit_in(text), period = limit_in(unified ? text.substr(std::min(blank + 1, text.size()))
                                                              : read_of(group, "cpu.cfs_period_us"));
  if (!used || *used <= 0 || !period || *period <= 0) return std::nullopt;
  return quota_setting{static_cast<double>(*used) / static_cast<double>(*period), group.folder + "/" + name};
}

} // namespace

int processor_limits::usable() const {
  if (!quota) return allowed;
  return std::clamp(static_cast<int>(std::lround(std::min(*quota, 1e6))), 1, allowed);
}

std::string processor_limits::reason() const {
  std::ostringstream text;
  if (allowed < installed) text << allowed << " of " << installed << " by affinity";
  if (quota && *quota < allowed) {
    text << (allowed < installed ? ", " : "") << "a quota of " << std::round(*quota * 100) / 100 << " (" << quota_of
         << ")";
  }
  return text.str();
}

processor_limits find_processor_limits(const std::string& root) {
  processor_limits out;
  out.installed = static_cast<int>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  const int affinity = count_affinity();
  out.allowed = affinity > 0 ? affinity : out.installed;
  for (const auto& group : find_control_groups("cpu", root))
    if (auto set = quota_set_by(group); set && (!out.quota || set->processors < *out.quota)) {
      out.quota = set->processors;
      out.quota_of = std::move(set->file);
    }
  return out;
}

int usable_processors() {
  return find_processor_limits().usable();
}

int share_of_processors(int all, int sharers, int number) {
  return std::max(1, all / sharers + (number <= all % sharers ? 1 : 0));
}

} // namespace syngrad
