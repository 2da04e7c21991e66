#include "tools/devices/host_processor.hpp"

#include "runtime/process/process_limits.hpp"

#include <fstream>

namespace syngrad::tools {

namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (const auto colon = line.find(": "); line.starts_with("model name") && colon != std::string::npos)
      return line.substr(colon + 2);
  return "";
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
  const auto limits = find_processor_limits();
  return {processor_name(), limits.usable(), vector_bits(), limits.reason()};
}

} // namespace syngrad::tools
