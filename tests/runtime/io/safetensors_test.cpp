#include "runtime/io/safetensors.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"

#include <cstring>
#include <fstream>
#include <sstream>

using namespace syngrad;
using syngrad::test::temporary_folder;

namespace {

const float weight[]{1.5f, -2.0f, 0.0f, 3.25f, 1e-40f, 7.0f};
const std::int32_t counts[]{-1, 2};
const std::uint8_t pixels[]{0, 128, 255};

std::vector<safetensors_entry> sample() {
  return {{"1.weight", dtype::f32, {2, 3}, weight},
          {"0.pixels \"q\"", dtype::u8, {3}, pixels},
          {"0.counts", dtype::i32, {2, 1, 1}, counts}};
}

void write(const std::string& path, const std::vector<safetensors_entry>& entries,
           const std::map<std::string, std::string>& metadata = {}) {
  auto file = atomic_file::create(path);
  REQUIRE(file);
  REQUIRE(write_safetensors(*file, entries, metadata));
}

void write_raw(const std::string& path, std::uint64_t length, const std::string& rest) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&length), sizeof length);
  file << rest;
}

std::string message_of(const std::string& header, std::uint64_t data_bytes) {
  const auto parsed = parse_safetensors_header(header, data_bytes);
  return parsed ? "" : parsed.message();
}

} // namespace

TEST_CASE("Tensors come back from a safetensors file as they went in, sorted by name") {
  const temporary_folder folder;
  const auto path = folder.file("w.safetensors");
  write(path, sample(), {{"model", "mlp:\"x\""}});
  const auto read = read_safetensors(path);
  REQUIRE(read);
  CHECK(read->metadata == std::map<std::string, std::string>{{"model", "mlp:\"x\""}});
  REQUIRE(read->tensors.size() == 3);
  CHECK(read->tensors[0].name == "0.counts");
  CHECK(read->tensors[0].extents == shape{2, 1, 1});
  CHECK(read->tensors[1].name == "0.pixels \"q\"");
  CHECK(read->tensors[1].type == dtype::u8);
  CHECK(read->tensors[2].name == "1.weight");
  REQUIRE(read->tensors[2].bytes.size() == sizeof weight);
  CHECK(std::memcmp(read->tensors[2].bytes.data(), weight, sizeof weight) == 0);
}

TEST_CASE("The size that is reserved for a safetensors file is the size that it takes") {
  const temporary_folder folder;
  const auto path = folder.file("w.safetensors");
  write(path, sample(), {{"a", "b"}});
  CHECK(std::filesystem::file_size(path) == safetensors_size(sample(), {{"a", "b"}}));
}

TEST_CASE("The data of a safetensors file begins at a multiple of eight bytes") {
  const temporary_folder folder;
  for (std::size_t extra = 0; extra < 8; ++extra) {
    const auto path = folder.file("w" + std::to_string(extra));
    write(path, {{std::string(extra + 1, 'n'), dtype::f32, {6}, weight}});
    std::ifstream file(path, std::ios::binary);
    std::uint64_t length = 1;
    file.read(reinterpret_cast<char*>(&length), sizeof length);
    CHECK(length % 8 == 0);
  }
}

TEST_CASE("A broken safetensors file gives an error that says what is wrong") {
  const temporary_folder folder;
  const auto path = folder.file("w");
  const auto message = [&] {
    const auto read = read_safetensors(path);
    REQUIRE(!read);
    CHECK(read.kind() == error_kind::data);
    CHECK(read.message().find("'" + path + "'") != std::string::npos);
    return read.message();
  };
  std::ofstream(path) << "abc";
  CHECK(message().find("it has 3 bytes") != std::string::npos);
  write_raw(path, 1000, "{}");
  CHECK(message().find("its header claims 1000 bytes") != std::string::npos);
  write_raw(path, ~std::uint64_t{0}, "{}");
  CHECK(message().find("its header claims 18446744073709551615 bytes") != std::string::npos);
  write_raw(path, 2, "{}x");
  CHECK(message().find("1 follow the header") != std::string::npos);
  CHECK(!read_safetensors(folder.file("missing")));
  CHECK(!read_safetensors(folder.path()));
}

TEST_CASE("Every way to lie in a safetensors header is found") {
  const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  CHECK(message_of(good, 8).empty());
  CHECK(message_of(" {\n} ", 0).empty());
  CHECK(message_of(R"({"\u00e4\ud83d\ude00":{"shape":[],"dtype":"F32","data_offsets":[0,4]}})", 4).empty());
  const auto broken = [](const std::string& header, std::uint64_t bytes, const std::string& why) {
    const auto message = message_of(header, bytes);
    INFO(header << " -> " << message);
    CHECK(message.find(why) != std::string::npos);
  };
  broken("", 0, "no JSON from its byte 1 on");
  broken("[]", 0, "no JSON object");
  broken(good + "x", 8, "no JSON from its byte 55 on");
  broken(good.substr(0, 30), 8, "no JSON from its byte 31 on");
  broken(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{}})", 8, "there twice");
  broken(R"({"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}})", 16, "F32, I32, I64, U8 and BF16");
  broken(R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,2],"data_offsets":[0,8]}})", 8, "more than 5 axes");
  broken(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8, "whole number");
  broken(R"({"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}})", 8, "whole number of 64 bits");
  broken(R"({"a":{"dtype":"F32","shape":[9999999999999999999],"data_offsets":[0,8]}})", 8, "too large");
  broken(R"({"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,8]}})", 8, "too large");
  broken(R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", 8, "whole number");
  broken(R"({"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", 8, "no list");
  broken(R"({"a":{"dtype":3,"shape":[2],"data_offsets":[0,8]}})", 8, "no text");
  broken(R"({"a":[]})", 0, "no object");
  broken(R"({"__metadata__":{"a":1}})", 0, "no text");
  broken(R"({"__metadata__":{"a":"1","a":"2"}})", 0, "there twice");
  broken(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0, "impossible shape");
  broken(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8, "begins at byte 8");
  broken(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "takes 8");
  broken(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4, "cut off");
  broken(R"({"a":{"dtype":"F32","shape":[2]}})", 8, "needs dtype, shape");
  broken(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", 8, "unknown member");
  broken(R"({"\ud800":{}})", 0, "no JSON from its byte");
  broken("{\"\xff\":{}}", 0, "no JSON from its byte");
  broken("{\"a", 0, "no JSON from its byte");
  broken(std::string(100000, '{'), 0, "no JSON from its byte 2 on");
  broken(std::string(100000, '['), 0, "nested too deeply");
}
