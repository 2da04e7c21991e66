#include "tools/devices/host_processor.hpp"

#include <fstream>
#include <sched.h>

namespace syngrad::tools {

namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (const auto colon = line.find(": "); line.starts_with("model name") && colon != std::string::npos)
      return line.substr(colon + 2);
  return "";
}

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

int vector_bits() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return 512;
  if (__builtin_cpu_supports("avx")) return 256;
  return 128;
#elif defined(__aarch64__)
  return 128;
#else
  return 0;
#endif
}

} // namespace

host_processor describe_host_processor() {
  return {processor_name(), usable_cores(), vector_bits()};
}

} // namespace syngrad::tools
