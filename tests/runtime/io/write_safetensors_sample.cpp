// write FILE: writes a sample. copy FROM TO: reads a file and writes it again. Used by safetensors_test.py.
#include "runtime/io/safetensors.hpp"

#include <iostream>
#include <string_view>

namespace {

int finish(const syngrad::status& done) {
  if (!done) std::cerr << done.message() << '\n';
  return done ? 0 : 1;
}

int write(const char* path, const std::vector<syngrad::safetensors_entry>& entries) {
  auto file = syngrad::atomic_file::create(path);
  if (!file) return finish(file.failure());
  return finish(syngrad::write_safetensors(*file, entries, {{"model", "sample"}}));
}

} // namespace

int main(int count, char** words) {
  using syngrad::dtype;
  if (count == 3 && std::string_view(words[1]) == "write") {
    const float weight[]{0, 0.5f, -1, 1.5f, 2, -2.5f};
    const std::int32_t counts[]{-7, 7};
    return write(words[2], {{"1.weight", dtype::f32, {2, 3}, weight}, {"counts", dtype::i32, {2}, counts}});
  }
  if (count == 4 && std::string_view(words[1]) == "copy") {
    const auto read = syngrad::read_safetensors(words[2]);
    if (!read) return finish(read.failure());
    std::vector<syngrad::safetensors_entry> entries;
    for (const auto& each : read->tensors) entries.push_back({each.name, each.type, each.extents, each.bytes.data()});
    return write(words[3], entries);
  }
  return 2;
}
