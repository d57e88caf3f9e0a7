// The model reader on small hand-made files: tensors in their three forms,
// external data and the ways it may try to leave its directory.
#include "frontend/onnx/Model.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tensel::onnx;

namespace {
std::string field(int number, const std::string &content) {
  std::string out;
  auto varint = [&](uint64_t value) {
    for (; value >= 128; value >>= 7)
      out += static_cast<char>(value | 128);
    out += static_cast<char>(value);
  };
  varint(static_cast<uint64_t>(number) << 3 | 2);
  varint(content.size());
  return out + content;
}
std::string number(int field, int value) { return {static_cast<char>(field << 3), static_cast<char>(value)}; }
std::string pair(const std::string &key, const std::string &value) { return field(13, field(1, key) + field(2, value)); }
std::string model(const std::string &tensor) {
  return number(1, 8) + field(8, number(2, 17)) + field(7, field(2, "g") + field(5, tensor));
}
std::string external(const std::string &location, const std::string &offset) {
  return field(8, "w") + number(1, 2) + number(2, 3) + number(14, 1) + pair("location", location) + pair("offset", offset) +
         pair("length", "2");
}

struct Folder : testing::Test {
  void SetUp() override {
    char name[] = "/tmp/tensel-onnx-XXXXXX";
    root = mkdtemp(name);
    mkdir((root + "/m").c_str(), 0700);
    write("/m/data.bin", "abcdef");
    write("/outside.bin", "abcdef");
  }
  void TearDown() override { ASSERT_EQ(std::system(("rm -r " + root).c_str()), 0); }
  void write(const std::string &name, const std::string &text) { std::ofstream(root + name, std::ios::binary) << text; }
  std::string errorOf(const std::string &location, const std::string &offset = "0") {
    write("/m/model.onnx", model(external(location, offset)));
    std::string error;
    EXPECT_FALSE(readModel(root + "/m/model.onnx", error));
    return error;
  }
  std::string root;
};
} // namespace

static std::optional<ModelProto> read(const std::string &text, std::string &error) {
  return readModelBytes({reinterpret_cast<const uint8_t *>(text.data()), text.size()}, "", error);
}

TEST(Model, ReadsRawTensorInPlace) {
  std::string error, text = model(field(8, "w") + number(1, 2) + number(2, 3) + field(9, "ab"));
  auto result = read(text, error);
  ASSERT_TRUE(result) << error;
  const TensorProto &tensor = result->graph.initializers.at(0);
  EXPECT_EQ(tensor.name, "w");
  EXPECT_EQ(tensor.type, DataType::Int8);
  EXPECT_EQ(tensor.data[1], 'b');
  EXPECT_GE(reinterpret_cast<const char *>(tensor.data.data()), text.data());
}

TEST(Model, NarrowsTypedData) {
  std::string error, text = model(number(1, 2) + number(2, 9) + number(5, 1) + number(5, 0));
  auto result = read(text, error);
  ASSERT_TRUE(result) << error;
  Bytes data = result->graph.initializers.at(0).data;
  ASSERT_EQ(data.size(), 2u);
  EXPECT_EQ(data[0], 1);
}

TEST(Model, NamesTensorWithWrongLength) {
  std::string error;
  EXPECT_FALSE(read(model(field(8, "w") + number(1, 3) + number(2, 3) + field(9, "ab")), error));
  EXPECT_NE(error.find("tensor 'w' of type int8 holds 2 bytes, expected 3"), std::string::npos) << error;
}

TEST(Model, RefusesEveryCutFile) {
  std::string text = model(field(8, "w") + number(1, 2) + number(2, 3) + field(9, "ab"));
  for (size_t size = 0; size < text.size(); ++size) {
    std::string error;
    EXPECT_FALSE(read(text.substr(0, size), error)) << size;
    EXPECT_FALSE(error.empty());
  }
}

TEST(Model, BoundsNesting) {
  std::string text = field(1, "x");
  for (int i = 0; i < 300; ++i)
    text = field(1, field(5, field(6, text)));
  std::string error;
  EXPECT_FALSE(read(number(1, 8) + field(7, text), error));
  EXPECT_NE(error.find("nested deeper than 100"), std::string::npos) << error;
}

TEST_F(Folder, ReadsExternalData) {
  write("/m/model.onnx", model(external("data.bin", "2")));
  std::string error;
  auto result = readModel(root + "/m/model.onnx", error);
  ASSERT_TRUE(result) << error;
  EXPECT_EQ(result->graph.initializers.at(0).data[0], 'c');
}

TEST_F(Folder, KeepsExternalDataInside) {
  ASSERT_EQ(symlink("../outside.bin", (root + "/m/link").c_str()), 0);
  ASSERT_EQ(link((root + "/outside.bin").c_str(), (root + "/m/hard").c_str()), 0);
  EXPECT_NE(errorOf("../outside.bin").find("leaves the model's directory"), std::string::npos);
  EXPECT_NE(errorOf(root + "/outside.bin").find("leaves the model's directory"), std::string::npos);
  EXPECT_NE(errorOf("link").find("goes through a link"), std::string::npos);
  EXPECT_NE(errorOf("hard").find("hard links"), std::string::npos);
  EXPECT_NE(errorOf(".").find("not a regular file"), std::string::npos);
  EXPECT_NE(errorOf("missing").find("No such file"), std::string::npos);
  EXPECT_NE(errorOf("data.bin", "5").find("has 6"), std::string::npos);
  EXPECT_NE(errorOf("data.bin", "18446744073709551615").find("has 6"), std::string::npos);
  EXPECT_NE(errorOf("data.bin", "-1").find("expected a number"), std::string::npos);
}
