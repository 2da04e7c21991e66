#include "tools/devices/devices_command.hpp"

#include "runtime/io/json_writer.hpp"
#include "runtime/process/process_limits.hpp"
#include "runtime/text.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/subcommand.hpp"

#include <fmt/core.h>
#include <fstream>
#include <iostream>

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

namespace {

std::string described(const host_processor& cpu) {
  std::string text = fmt::format("{}{}", cpu.cores, cpu.cores == 1 ? " core" : " cores");
  if (cpu.vector_bits > 0) text += fmt::format(", {}-bit vectors", cpu.vector_bits);
  return text;
}

std::string described(const cuda_device_summary& gpu) {
  if (gpu.compute_capability.empty()) return "";
  auto text = byte_size(gpu.total_bytes) + ", compute capability " + gpu.compute_capability;
  return gpu.problem.empty() ? byte_size(gpu.free_bytes) + " free of " + text : text;
}

void text_or_null(json_writer& json, const char* key, const std::string& value) {
  json.key(key);
  value.empty() ? json.null() : json.text(value);
}

void write_gpu(json_writer& json, const cuda_device_summary& gpu) {
  json.begin_object();
  json.key("device").text(fmt::format("cuda:{}", gpu.ordinal));
  text_or_null(json, "name", gpu.name);
  text_or_null(json, "compute_capability", gpu.compute_capability);
  json.key("total_bytes").number(static_cast<std::int64_t>(gpu.total_bytes));
  json.key("free_bytes").number(static_cast<std::int64_t>(gpu.free_bytes));
  text_or_null(json, "problem", gpu.problem);
  json.end_object();
}

} // namespace

std::string format_inventory_table(const host_processor& cpu, const cuda_inventory& cuda) {
  text_table table({"device", "usable", "what", "name"});
  table.add({"cpu", "yes", described(cpu), cpu.name});
  for (const auto& gpu : cuda.devices)
    table.add({"cuda:" + std::to_string(gpu.ordinal), gpu.problem.empty() ? "yes" : "no", described(gpu), gpu.name});
  auto text = table.str();
  if (!cpu.limit.empty()) text += "cpu: not all that are there may be used: " + cpu.limit + "\n";
  if (!cuda.driver.empty()) text += "CUDA driver: up to " + cuda.driver + ". ";
  if (!cuda.runtime.empty()) text += "This program: built with CUDA " + cuda.runtime + ".";
  if (!cuda.driver.empty() || !cuda.runtime.empty()) text += "\n";
  if (!cuda.problem.empty()) text += "no GPU: " + cuda.problem + "\n";
  for (const auto& gpu : cuda.devices)
    if (!gpu.problem.empty()) text += fmt::format("cuda:{} is not usable: {}\n", gpu.ordinal, gpu.problem);
  return text;
}

std::string format_inventory_json(const host_processor& cpu, const cuda_inventory& cuda) {
  json_writer json;
  json.begin_object().key("cpu").begin_object();
  text_or_null(json, "name", cpu.name);
  json.key("cores").number(std::int64_t{cpu.cores});
  text_or_null(json, "limit", cpu.limit);
  json.key("vector_bits").number(std::int64_t{cpu.vector_bits});
  json.end_object().key("cuda").begin_object();
  text_or_null(json, "driver", cuda.driver);
  text_or_null(json, "runtime", cuda.runtime);
  text_or_null(json, "problem", cuda.problem);
  json.key("devices").begin_array();
  for (const auto& gpu : cuda.devices) write_gpu(json, gpu);
  return json.end_array().end_object().end_object().str() + "\n";
}

exit_code run_devices(std::span<const std::string> arguments) {
  std::string format = "table";
  bool help = false;
  option_reader reader(
    {{"Output",
      {choice("format", format, {"table", "json"}, "For people, or for programs"), flag("help", help, "This text")}}});
  if (asks_for_help(arguments)) {
    std::cout << "Usage: syngrad devices [OPTION]...\n\n"
                 "Lists what `syngrad train --device` can compute on, and says of the rest why not.\n"
                 "Defaults stand in brackets.\n\n"
              << format_option_help(reader.groups())
              << "Examples:\n  syngrad devices\n  syngrad devices --format json\n";
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("devices", read.failure());
  const auto shown = format == "json" ? format_inventory_json : format_inventory_table;
  std::cout << shown(describe_host_processor(), list_cuda_devices()) << std::flush;
  return exit_code::done;
}

} // namespace syngrad::tools
