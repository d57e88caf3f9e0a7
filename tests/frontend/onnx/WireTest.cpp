// The wire reader on good and bad bytes: values, packed runs, and one clear
// error with its byte for every way a field can be broken.
#include "frontend/onnx/Wire.h"

#include <gtest/gtest.h>

using namespace tensel::onnx;

namespace {
struct Reading {
  explicit Reading(std::vector<uint8_t> in) : content(std::move(in)) {
    state.base = content.data();
    state.budget = 1 << 20;
  }
  WireReader reader() { return WireReader(content, state, "Test"); }
  std::vector<uint8_t> content;
  ReadState state;
};
} // namespace

TEST(Wire, ReadsVarintAndString) {
  Reading r({0x08, 0x96, 0x01, 0x12, 0x02, 'h', 'i'});
  WireReader reader = r.reader();
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.field(), 1u);
  EXPECT_EQ(reader.varint(), 150u);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.string(), "hi");
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ok());
}

TEST(Wire, ReadsPackedAndSingle) {
  Reading r({0x0a, 0x03, 1, 2, 3, 0x08, 4});
  WireReader reader = r.reader();
  std::vector<int64_t> out;
  while (reader.next())
    reader.repeated(out);
  EXPECT_EQ(out, (std::vector<int64_t>{1, 2, 3, 4}));
}

TEST(Wire, SkipsUnknownFields) {
  Reading r({0x7a, 0x02, 0, 0, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7d, 1, 2, 3, 4, 0x08, 9});
  WireReader reader = r.reader();
  int64_t value = 0;
  while (reader.next())
    if (reader.field() == 1)
      value = reader.int64();
  EXPECT_EQ(value, 9);
  EXPECT_TRUE(reader.ok());
}

static std::string errorOf(std::vector<uint8_t> bytes) {
  Reading r(std::move(bytes));
  WireReader reader = r.reader();
  while (reader.next())
    if (reader.field() == 1)
      reader.string();
  return r.state.error;
}

TEST(Wire, ReportsBrokenBytes) {
  EXPECT_EQ(errorOf({0x0a, 0x05, 'x'}), "field 1 needs 5 bytes, found 1 at byte 2 (in Test)");
  EXPECT_EQ(errorOf({0x08, 0x05}), "field 1 has wire type 0, expected 2 at byte 1 (in Test)");
  EXPECT_EQ(errorOf({0x80}), "file cut inside a number at byte 1 (in Test)");
  EXPECT_EQ(errorOf({0x00}), "bad field number 0 at byte 1 (in Test)");
  EXPECT_EQ(errorOf({0x0b}), "field 1 has wire type 3, expected 0, 1, 2 or 5 at byte 1 (in Test)");
  EXPECT_EQ(errorOf({0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}), "number wider than 64 bits at byte 11 (in Test)");
}
