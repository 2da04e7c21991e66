#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/file_contents.hpp"
#include "tests/tools/sample_events.hpp"

using namespace syngrad;
using namespace syngrad::tools;
using syngrad::test::contents_of;

namespace {

std::string hexadecimal(const std::string& bytes) {
  std::string text;
  for (const auto c : bytes) {
    constexpr const char* digits = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

} // namespace

TEST_CASE("A record frames its event with masked sums of length and contents") {
  // The CRC-32C of "123456789" is e3069283, the check value of its catalogue entry.
  const auto record = encode_record("123456789");
  CHECK(record.size() == 8 + 4 + 9 + 4);
  CHECK(hexadecimal(record.substr(0, 8)) == "0900000000000000");
  const std::uint32_t masked = ((0xe3069283u >> 15) | (0xe3069283u << 17)) + 0xa282ead8u;
  std::uint32_t found = 0;
  for (int i = 3; i >= 0; --i)
    found = found << 8 | static_cast<unsigned char>(record[21 + static_cast<std::size_t>(i)]);
  CHECK(found == masked);
}

TEST_CASE("A scalar event is the protobuf message that the grammar says") {
  const std::vector<scalar> scalars{{"a", 1.0}, {"left out", std::nan("")}};
  CHECK(hexadecimal(encode_scalar_event(0, 300, scalars)) == "090000000000000000"   // wall time
                                                             "10ac02"               // step 300
                                                             "2a0a"                 // summary, 10 bytes
                                                             "0a080a0161150000803f" // value: tag "a", 1.0f
  );
  CHECK(hexadecimal(encode_version_event(0)) == "0900000000000000001a0d627261696e2e4576656e743a32");
}

TEST_CASE("The event file is the golden one, byte for byte") {
  const test::temporary_folder folder;
  REQUIRE(test::write_sample_events(folder.file("events")));
  const auto golden = contents_of(SYNGRAD_SOURCE_DIR "/tests/tools/golden/events.out.tfevents.golden");
  REQUIRE(!golden.empty());
  CHECK(hexadecimal(contents_of(folder.file("events"))) == hexadecimal(golden));
}
