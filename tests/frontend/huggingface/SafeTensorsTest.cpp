// The safetensors reader on good headers and on every way one can be broken.
#include "frontend/huggingface/SafeTensors.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace tensel;
using namespace tensel::huggingface;

static std::string fileOf(const std::string &header, size_t data) {
  uint64_t size = header.size();
  std::string bytes(reinterpret_cast<const char *>(&size), sizeof(size));
  return bytes + header + std::string(data, '\1');
}

static std::optional<SafeTensors> readText(const std::string &bytes, std::string &error) {
  return SafeTensors::read(Bytes(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()), error);
}

static std::string errorOf(const std::string &header, size_t data = 16) {
  std::string error;
  EXPECT_FALSE(readText(fileOf(header, data), error));
  return error;
}

TEST(SafeTensors, ReadsTensors) {
  std::string error;
  auto file = readText(fileOf(R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[2,3],"data_offsets":[4,16]},
    "a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"empty":{"dtype":"I64","shape":[0,7],"data_offsets":[4,4]}}   )",
                              16),
                       error);
  ASSERT_TRUE(file) << error;
  const Tensor *b = file->find("b");
  ASSERT_TRUE(b);
  EXPECT_EQ(b->type->name, "F16");
  EXPECT_EQ(b->dims, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(b->bytes, 12u);
  EXPECT_EQ(b->offset, file->find("a")->offset + 4);
  EXPECT_EQ(file->find("empty")->bytes, 0u);
  EXPECT_FALSE(file->find("c"));
}

TEST(SafeTensors, RefusesBadFiles) {
  std::string error;
  EXPECT_FALSE(readText("1234", error));
  EXPECT_EQ(error, "not a safetensors file: found 4 bytes, expected 8 and a header");
  EXPECT_FALSE(readText(std::string(8, '\xff'), error = ""));
  EXPECT_EQ(error, "header of 18446744073709551615 bytes, expected at most 0");
  EXPECT_EQ(errorOf("{"), "header: expected a string at byte 1");
  EXPECT_EQ(errorOf("[]"), "header is an array, expected an object");
}

TEST(SafeTensors, RefusesBadTensors) {
  auto one = [](const std::string &fields, size_t data = 16) { return errorOf("{\"t\":{" + fields + "}}", data); };
  EXPECT_EQ(errorOf(R"({"t":3})"), "tensor 't' is a number, expected an object");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[4])"), "tensor 't' has no data_offsets");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[4],"shape":[4],"data_offsets":[0,16])"), "tensor 't' has the field 'shape' twice");
  EXPECT_EQ(one(R"("dtype":"F32","extra":1)"), "tensor 't' has a field 'extra', expected dtype, shape and data_offsets");
  EXPECT_EQ(one(R"("dtype":"F8_E4M3","shape":[16],"data_offsets":[0,16])"),
            "tensor 't' has dtype 'F8_E4M3', expected one of BOOL U8 I8 U16 I16 F16 BF16 U32 I32 F32 U64 I64 F64");
  EXPECT_EQ(one(R"("dtype":"F32","shape":4,"data_offsets":[0,16])"), "tensor 't' has a number as its shape, expected an array");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[-4],"data_offsets":[0,16])"), "tensor 't' has a dim that is no integer of 0 or more");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16])"),
            "tensor 't' takes more than 2^64 bytes");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[5],"data_offsets":[0,16])"),
            "tensor 't' has 16 bytes, expected 20 for its shape and dtype");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[4],"data_offsets":[0,17])"),
            "tensor 't' lies at bytes 0 to 17 of the data, which has 16");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[4],"data_offsets":[8,4])"),
            "tensor 't' lies at bytes 8 to 4 of the data, which has 16");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[4],"data_offsets":[0])"), "tensor 't' has 1 data_offsets, expected 2");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[4],"data_offsets":[0,16,17])"), "tensor 't' has more than 2 data_offsets, expected 2");
  EXPECT_EQ(one(R"("dtype":"F32","shape":[4],"data_offsets":[0,16])", 17), "tensors end at byte 16 of the data, which has 17");
}

TEST(SafeTensors, RefusesGapsOverlapsAndDuplicates) {
  auto two = [](const char *name, int from, int to) {
    std::string offsets = std::to_string(from) + "," + std::to_string(to);
    return errorOf(std::string(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},")") + name +
                   R"(":{"dtype":"U8","shape":[)" + std::to_string(to - from) + "],\"data_offsets\":[" + offsets + "]}}");
  };
  EXPECT_EQ(two("b", 9, 16), "tensor 'b' begins at byte 9 of the data, expected 8: there is a gap between tensors");
  EXPECT_EQ(two("b", 7, 16), "tensor 'b' begins at byte 7 of the data, expected 8: there is an overlap between tensors");
  EXPECT_EQ(two("a", 8, 16), "tensor 'a' is listed twice");
}
