// Model folders: what is read, what is only located, shards, and names in an
// index that try to leave the folder.
#include "frontend/huggingface/Folder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace tensel;
using namespace tensel::huggingface;
namespace fs = std::filesystem;

namespace {
class FolderTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "folder-XXXXXX").string();
    root = mkdtemp(pattern.data());
    fs::create_directory(root + "/model");
  }
  void TearDown() override { fs::remove_all(root); }

  void write(const std::string &name, const std::string &text) { std::ofstream(root + "/model/" + name) << text; }
  void writeWeights(const std::string &file, const std::string &tensor) {
    std::string header = "{\"" + tensor + "\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}";
    uint64_t size = header.size();
    write(file, std::string(reinterpret_cast<const char *>(&size), sizeof(size)) + header + "xy");
  }
  std::optional<Folder> open() { return Folder::open(root + "/model", error); }
  /// The error, without the folder's name.
  std::string errorOf() {
    error.clear();
    EXPECT_FALSE(open());
    size_t at;
    while ((at = error.find(root + "/model")) != std::string::npos)
      error.replace(at, root.size() + 6, "DIR");
    return error;
  }

  std::string root, error;
};
} // namespace

TEST_F(FolderTest, ReadsOneFile) {
  write("config.json", R"({"model_type":"llama"})");
  write("generation_config.json", R"({"eos_token_id":2})");
  write("tokenizer.json", "not read here");
  writeWeights("model.safetensors", "w");
  auto folder = open();
  ASSERT_TRUE(folder) << error;
  EXPECT_EQ(folder->config.json.find("model_type")->asString(), "llama");
  EXPECT_EQ(folder->generationConfig->json.find("eos_token_id")->asInteger(), 2);
  EXPECT_FALSE(folder->tokenizerConfig);
  EXPECT_EQ(folder->tokenizer, root + "/model/tokenizer.json");
  EXPECT_TRUE(folder->find("w"));
  EXPECT_FALSE(folder->find("v"));
}

TEST_F(FolderTest, ReadsShards) {
  write("config.json", "{}");
  writeWeights("a.safetensors", "v");
  writeWeights("b.safetensors", "w");
  write("model.safetensors.index.json", R"({"metadata":{},"weight_map":{"w":"b.safetensors","v":"a.safetensors"}})");
  auto folder = open();
  ASSERT_TRUE(folder) << error;
  EXPECT_EQ(folder->shards.size(), 2u);
  EXPECT_EQ(folder->find("w")->file->path(), root + "/model/b.safetensors");
}

TEST_F(FolderTest, SaysWhatIsMissing) {
  EXPECT_EQ(errorOf(), "cannot open model file 'DIR/config.json': No such file or directory");
  write("config.json", "[1]");
  EXPECT_EQ(errorOf(), "DIR/config.json: found an array, expected an object");
  write("config.json", "{");
  EXPECT_EQ(errorOf(), "DIR/config.json: expected a string at byte 1");
  write("config.json", "{}");
  EXPECT_EQ(errorOf(), "DIR: no weights, expected model.safetensors or model.safetensors.index.json");
  write("pytorch_model.bin", "");
  EXPECT_EQ(errorOf(), "DIR: found 'pytorch_model.bin', expected model.safetensors or model.safetensors.index.json");
}

TEST_F(FolderTest, IndexStaysInsideAndTrue) {
  write("config.json", "{}");
  auto index = [&](const std::string &map) {
    write("model.safetensors.index.json", "{\"weight_map\":" + map + "}");
    return errorOf();
  };
  std::string who = "DIR/model.safetensors.index.json: ";
  EXPECT_EQ(index("3"), who + "weight_map is a number, expected an object of tensor and file names");
  EXPECT_EQ(index(R"({"w":3})"), who + "tensor 'w' is in no file, expected the name of a .safetensors file");
  EXPECT_EQ(index(R"({"w":"/etc/passwd"})"), who + "tensor 'w' is in '/etc/passwd', expected the name of a .safetensors file");
  std::ofstream(root + "/out.safetensors") << "x";
  EXPECT_EQ(index(R"({"w":"../out.safetensors"})"),
            "weight file '../out.safetensors' leaves the model's directory or goes through a link");
  fs::create_symlink("../out.safetensors", root + "/model/link.safetensors");
  EXPECT_EQ(index(R"({"w":"link.safetensors"})"),
            "weight file 'link.safetensors' leaves the model's directory or goes through a link");
  writeWeights("a.safetensors", "v");
  EXPECT_EQ(index(R"({"w":"a.safetensors"})"), who + "tensor 'w' is not in 'a.safetensors', where it should be");
  EXPECT_EQ(index(R"({"v":"a.safetensors","v":"a.safetensors"})"), who + "tensor 'v' is listed twice");
  writeWeights("b.safetensors", "v");
  EXPECT_EQ(index(R"({"v":"a.safetensors","\u0076":"b.safetensors"})"),
            who + "tensor 'v' is in 'DIR/a.safetensors' and in 'DIR/b.safetensors'");
}
