// The GGUF reader on good files of both versions and on every way one can be
// broken: each gives one message that says what was found and expected.
#include "frontend/gguf/File.h"

#include <gtest/gtest.h>

using namespace tensel;
using namespace tensel::gguf;

namespace {
/// Writes a file piece by piece, so that tests can break any of them.
struct Writer {
  std::string bytes;

  template <typename T>
  Writer &put(T value) {
    bytes.append(reinterpret_cast<const char *>(&value), sizeof(T));
    return *this;
  }
  Writer &text(std::string_view value) {
    put<uint64_t>(value.size());
    bytes += value;
    return *this;
  }
  Writer &head(uint64_t tensors, uint64_t entries, uint32_t version = 3) {
    bytes += "GGUF";
    return put(version).put(tensors).put(entries);
  }
  template <typename T>
  Writer &entry(std::string_view key, ValueType type, T value) {
    return text(key).put(static_cast<uint32_t>(type)).put(value);
  }
  Writer &tensor(std::string_view name, std::vector<int64_t> dims, uint32_t type, uint64_t offset) {
    text(name).put<uint32_t>(static_cast<uint32_t>(dims.size()));
    for (int64_t dim : dims)
      put(dim);
    return put(type).put(offset);
  }
  Writer &data(size_t size, size_t alignment = 32) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    bytes.resize(bytes.size() + size);
    return *this;
  }
  std::optional<File> read(std::string &error) const {
    return File::read(Bytes(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()), error);
  }
  File good() const {
    std::string error;
    std::optional<File> file = read(error);
    EXPECT_EQ(error, "");
    return file ? std::move(*file) : File();
  }
  std::string error() const {
    std::string error;
    EXPECT_FALSE(read(error));
    return error;
  }
};

constexpr uint32_t f32 = 0, q4_0 = 2;
} // namespace

TEST(Gguf, ReadsMetadataOfEveryType) {
  Writer w;
  w.head(0, 13, 2);
  w.entry<uint8_t>("u8", ValueType::U8, 200).entry<int8_t>("i8", ValueType::I8, -3);
  w.entry<uint16_t>("u16", ValueType::U16, 60000).entry<int16_t>("i16", ValueType::I16, -300);
  w.entry<uint32_t>("u32", ValueType::U32, 4000000000u).entry<int32_t>("i32", ValueType::I32, -70000);
  w.entry<uint64_t>("u64", ValueType::U64, UINT64_MAX).entry<int64_t>("i64", ValueType::I64, INT64_MIN);
  w.entry<float>("f32", ValueType::F32, 1.5f).entry<double>("f64", ValueType::F64, -2.25);
  w.entry<uint8_t>("bool", ValueType::Bool, 1);
  w.text("string").put<uint32_t>(8).text("hello");
  w.text("array").put<uint32_t>(9).put<uint32_t>(8).put<uint64_t>(2).text("a").text("bc");
  File file = w.good();
  EXPECT_EQ(file.version, 2u);
  EXPECT_EQ(file.find("u8")->asUnsigned(), 200u);
  EXPECT_EQ(file.find("i8")->asSigned(), -3);
  EXPECT_FALSE(file.find("i8")->asUnsigned());
  EXPECT_EQ(file.find("u16")->asUnsigned(), 60000u);
  EXPECT_EQ(file.find("i16")->asNumber(), -300.0);
  EXPECT_EQ(file.find("u32")->asSigned(), 4000000000);
  EXPECT_EQ(file.find("i32")->asSigned(), -70000);
  EXPECT_EQ(file.find("u64")->asUnsigned(), UINT64_MAX);
  EXPECT_FALSE(file.find("u64")->asSigned());
  EXPECT_EQ(file.find("i64")->asSigned(), INT64_MIN);
  EXPECT_EQ(file.find("f32")->asNumber(), 1.5);
  EXPECT_EQ(file.find("f64")->asNumber(), -2.25);
  EXPECT_EQ(file.find("bool")->asBool(), true);
  EXPECT_EQ(file.find("string")->asString(), "hello");
  Array array = *file.find("array")->asArray();
  EXPECT_EQ(array.size(), 2u);
  EXPECT_EQ(array.next()->asString(), "a");
  EXPECT_EQ(array.next()->asString(), "bc");
  EXPECT_FALSE(array.next());
  EXPECT_FALSE(file.find("nothing"));
}

TEST(Gguf, ReadsArraysInArrays) {
  Writer w;
  w.head(0, 1).text("a").put<uint32_t>(9).put<uint32_t>(9).put<uint64_t>(2);
  w.put<uint32_t>(0).put<uint64_t>(3).put<uint8_t>(1).put<uint8_t>(2).put<uint8_t>(3);
  w.put<uint32_t>(8).put<uint64_t>(1).text("x");
  Array array = *w.good().find("a")->asArray();
  EXPECT_EQ(array.next()->asArray()->size(), 3u);
  EXPECT_EQ(array.next()->asArray()->next()->asString(), "x");
}

TEST(Gguf, PlacesTensors) {
  Writer w;
  w.head(2, 1).entry<uint32_t>("general.alignment", ValueType::U32, 64);
  w.tensor("b", {64, 3}, q4_0, 64).tensor("a", {5}, f32, 0).data(64 + 6 * 18, 64);
  File file = w.good();
  EXPECT_EQ(file.alignment, 64u);
  const Tensor *a = file.findTensor("a"), *b = file.findTensor("b");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->offset, file.dataOffset);
  EXPECT_EQ(a->bytes(), 20u);
  EXPECT_EQ(b->bytes(), 6u * 18);
  EXPECT_EQ(b->rank, 2u);
  EXPECT_EQ(b->count(), 192);
  EXPECT_EQ(b->type->name, "q4_0");
  EXPECT_EQ(b->offset + b->bytes(), w.bytes.size());
  EXPECT_FALSE(file.findTensor("c"));
}

TEST(Gguf, KnowsEveryTensorType) {
  for (const blocks::BlockFormat &format : blocks::blockFormats()) {
    bool found = false;
    for (uint32_t number = 0; number < 64; ++number)
      if (const TensorType *type = findTensorType(number))
        found |= type->format == &format;
    EXPECT_TRUE(found) << format.name;
  }
}

TEST(Gguf, RefusesBadHeaders) {
  EXPECT_EQ(Writer().error(), "magic needs 4 bytes, found 0 at byte 0");
  EXPECT_EQ(Writer().put<uint32_t>(0).error(), "not a GGUF file: expected it to begin with 'GGUF' at byte 4");
  EXPECT_EQ(Writer().head(0, 0, 1).error(), "GGUF version 1, expected 2 or 3 at byte 8");
  EXPECT_EQ(Writer().head(0, 0, 0x03000000).error(), "GGUF file is big endian, expected little endian at byte 8");
  EXPECT_EQ(Writer().head(0, UINT64_MAX).error(), "18446744073709551615 metadata entries, found bytes for at most 0 at byte 24");
  EXPECT_EQ(Writer().head(UINT64_MAX / 2, 0).data(100).error(),
            "9223372036854775807 tensors, found bytes for at most 3 at byte 24");
}

TEST(Gguf, RefusesBadMetadata) {
  EXPECT_EQ(Writer().head(0, 1).text("").put<uint32_t>(0).data(9).error(), "metadata key is empty at byte 32");
  EXPECT_EQ(Writer().head(0, 1).put<uint64_t>(1 << 20).data(20).error(), "metadata key needs 1048576 bytes, found 20 at byte 32");
  EXPECT_EQ(Writer().head(0, 1).entry<uint8_t>("key", static_cast<ValueType>(13), 0).error(),
            "metadata 'key' has value type 13, expected 0 to 12 at byte 39");
  EXPECT_EQ(Writer().head(0, 1).entry<uint8_t>("flag", ValueType::Bool, 2).error(), "bool is 2, expected 0 or 1 at byte 41");
  EXPECT_EQ(Writer().head(0, 1).text("a").put<uint32_t>(9).put<uint32_t>(8).put<uint64_t>(1ull << 60).error(),
            "array of 1152921504606846976 string, found bytes for at most 0 at byte 49");
  Writer twice;
  twice.head(0, 2).entry<uint8_t>("key", ValueType::U8, 0).entry<uint8_t>("key", ValueType::U8, 0);
  EXPECT_EQ(twice.error(), "metadata key 'key' is there twice at byte 56");
  Writer deep;
  deep.head(0, 1).text("a").put<uint32_t>(9);
  for (int i = 0; i < 20; ++i)
    deep.put<uint32_t>(9).put<uint64_t>(1);
  EXPECT_EQ(deep.error(), "arrays nested deeper than 8 at byte 145");
  auto alignment = [](uint32_t value) {
    return Writer().head(0, 1).entry<uint32_t>("general.alignment", ValueType::U32, value).error();
  };
  EXPECT_EQ(alignment(0), "general.alignment is 0, expected a power of two up to 1048576 at byte 57");
  EXPECT_EQ(alignment(48), "general.alignment is 48, expected a power of two up to 1048576 at byte 57");
  EXPECT_EQ(alignment(1 << 21), "general.alignment is 2097152, expected a power of two up to 1048576 at byte 57");
}

TEST(Gguf, RefusesBadTensors) {
  auto one = [](std::vector<int64_t> dims, uint32_t type, uint64_t offset, size_t data) {
    return Writer().head(1, 0).tensor("t", std::move(dims), type, offset).data(data).error();
  };
  auto starts = [](const std::string &text, std::string_view with) { EXPECT_EQ(text.substr(0, with.size()), with); };
  starts(one({}, f32, 0, 64), "tensor 't' has 0 dims, expected 1 to 4");
  starts(one({1, 1, 1, 1, 1}, f32, 0, 64), "tensor 't' has 5 dims, expected 1 to 4");
  starts(one({0}, f32, 0, 64), "tensor 't' has a dim of 0, expected at least 1");
  starts(one({-4}, f32, 0, 64), "tensor 't' has a dim of -4, expected at least 1");
  starts(one({1ll << 40, 1ll << 40}, f32, 0, 64), "tensor 't' has more than 2^48 elements");
  starts(one({4}, 16, 0, 64), "tensor 't' has type 16, which is not supported (known: f32,");
  starts(one({33}, q4_0, 0, 64), "tensor 't' has rows of 33 elements, expected a multiple of 32 for q4_0");
  starts(one({4}, f32, 4, 64), "tensor 't' has offset 4, expected a multiple of 32");
  starts(one({17}, f32, 0, 64), "tensor 't' takes 68 bytes at offset 0 of the data, which has 64");
  starts(one({4}, f32, UINT64_MAX - 31, 64),
         "tensor 't' takes 16 bytes at offset 18446744073709551584 of the data, which has 64");
  Writer twice;
  twice.head(2, 0).tensor("t", {4}, f32, 0).tensor("t", {4}, f32, 32).data(64);
  starts(twice.error(), "tensor 't' is listed twice");
  Writer overlapping;
  overlapping.head(2, 0).tensor("s", {8}, f32, 32).tensor("t", {9}, f32, 0).data(96);
  starts(overlapping.error(), "tensors 't' and 's' overlap: the first takes 36 bytes");
  Writer cut;
  cut.head(1, 0).tensor("t", {4}, f32, 0);
  starts(cut.error(), "tensor data begins at byte 64 of a file of");
}

TEST(Gguf, CutFilesAreRefusedAnywhere) {
  Writer w;
  w.head(1, 1).text("a").put<uint32_t>(9).put<uint32_t>(8).put<uint64_t>(1).text("x").tensor("t", {8}, f32, 0).data(32);
  w.good();
  for (size_t size = 0; size < w.bytes.size(); ++size) {
    Writer cut;
    cut.bytes = w.bytes.substr(0, size);
    EXPECT_NE(cut.error(), "") << size;
  }
}
