// Builds the sample package, see Sample.h.
#include "tests/runtime/Sample.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

using namespace tensel::rt;
using namespace tensel::rt::test;

std::vector<uint8_t> test::readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<uint8_t> test::sampleSharedObject() { return readFile(TENSEL_SAMPLE_SHARED_OBJECT); }

PackageWriter test::sampleWriter(int64_t maxRows) {
  static const uint8_t padding[100] = {1, 2, 3};
  static const float scale[4] = {1, 2, 3, 4};
  PackageWriter writer;
  writer.data.compilerVersion = "0.1.0";
  writer.data.passes = {"fuse-elementwise", "plan-memory"};
  writer.data.options = {"--target=cpu"};
  writer.data.kernels = {{"k0", {"mul", "add"}, 128, 2048}, {"k1", {"exp"}, -1, -1}};
  writer.data.nodes = {"add", "mul", "exp"};
  writer.data.inputHashes = {{"model.onnx", {1, 2, 3}}};
  int32_t rows = writer.addSymbol({"N", 2, maxRows, 2});
  TensorData x{"x", TENSEL_F32, {{-1, rows}, {4, -1}}}, y = x, z = x;
  y.name = "y";
  z.name = "z";
  // Value 0 is not used by the program; it lives beside value 1, so offsets differ.
  FunctionData scaleAdd{"scale_add", "scale_add", {x, y}, {z}, {}, -1, 128, {}, {}};
  scaleAdd.plannedValues = {{{0, 100}, 0, 1, "scratch"}, {{0, 16, 1, rows, 3, 0}, 1, 2, "z"}};
  // Two operations an element; x, y and four scales are read.
  scaleAdd.dispatches = {{0, {0, 1}, {0, 8, 1, rows, 3, 0}, {0, 32, 1, rows, 3, 0, 0, 16, 2, 0}, {0, 16, 1, rows, 3, 0}}};
  writer.addFunction(scaleAdd);
  FunctionData misbehave{"misbehave",
                         "misbehave",
                         {{"what", TENSEL_I64, {}}},
                         {{"out", TENSEL_F32, {{2, -1}}}},
                         {},
                         -1,
                         -1,
                         {"first (Add)", "second (MatMul)"},
                         {}};
  misbehave.plannedValues = {{{0, 8}, 0, 0, "out"}};
  misbehave.dispatches = {{1, {2}, {}, {}, {}}};
  writer.addFunction(misbehave);
  FunctionData accumulate{"accumulate",
                          "accumulate",
                          {{"x", TENSEL_F32, {{4, -1}}}, {"total", TENSEL_F32, {{4, -1}}, 0}},
                          {{"total.next", TENSEL_F32, {{4, -1}}, 1}},
                          {},
                          -1,
                          -1,
                          {},
                          {}};
  accumulate.plannedValues = {{{0, 16}, 0, 0, "elsewhere"}};
  writer.addFunction(accumulate);
  writer.addWeight({"padding", TENSEL_U8, {100}, "made up"}, padding, sizeof padding);
  writer.addWeight({"scale", TENSEL_F32, {4}, "scale.bin"}, sizeof scale, [](const ByteSink &sink) {
    sink(scale, 4);
    sink(reinterpret_cast<const char *>(scale) + 4, sizeof scale - 4);
    return std::string();
  });
  ImageBuilder builder;
  std::vector<uint8_t> elf = sampleSharedObject();
  EXPECT_EQ(builder.parse(elf.data(), elf.size()), "");
  CodeData code;
  code.level = "x86-64";
  code.image = builder.image;
  code.entries = {builder.find("scale_add").value(), builder.find("misbehave").value(), builder.find("accumulate").value()};
  writer.addCode(code);
  return writer;
}

std::vector<uint8_t> test::samplePackage(int64_t maxRows) {
  std::vector<uint8_t> bytes;
  EXPECT_EQ(sampleWriter(maxRows).serialize(bytes), "");
  return bytes;
}

Aligned::Aligned(const std::vector<uint8_t> &bytes)
    : memory(static_cast<uint8_t *>(aligned_alloc(64, (bytes.size() / 64 + 1) * 64))), count(bytes.size()) {
  memcpy(memory, bytes.data(), bytes.size());
}

Aligned::~Aligned() { free(memory); }

LoadedModel::LoadedModel(const std::vector<uint8_t> &source) : bytes(source) {
  tensel_error_t error;
  EXPECT_EQ(tensel_model_load_memory(bytes.data(), bytes.size(), &model, &error), TENSEL_OK) << error.message;
}
