// Writing packages and reading them back: round trip, equal bytes, and what happens when writing fails.
#include "runtime/package/PackageReader.h"
#include "tests/runtime/Sample.h"

#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tensel::rt;
using namespace tensel::rt::test;

namespace {

/// A directory that goes with the test.
class PackageFile : public testing::Test {
protected:
  void SetUp() override {
    char pattern[] = "/tmp/tensel-package-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    folder = pattern;
    path = folder + "/model.tensel";
  }
  void TearDown() override {
    for (const std::string &name : names())
      unlink((folder + "/" + name).c_str());
    rmdir(folder.c_str());
  }
  std::vector<std::string> names() {
    std::vector<std::string> result;
    DIR *directory = opendir(folder.c_str());
    while (dirent *entry = readdir(directory))
      if (std::string name = entry->d_name; name != "." && name != "..")
        result.push_back(name);
    closedir(directory);
    return result;
  }
  std::string folder, path;
};

TEST_F(PackageFile, RoundTrip) {
  PackageWriter writer = sampleWriter();
  ASSERT_EQ(writer.write(path), "");
  PackageData data;
  ASSERT_EQ(readPackage(path, data), "");
  EXPECT_EQ(data.compilerVersion, "0.1.0");
  EXPECT_EQ(data.targetArch, "x86_64");
  EXPECT_EQ(data.passes, writer.data.passes);
  EXPECT_EQ(data.options, writer.data.options);
  ASSERT_EQ(data.functions.size(), 3u);
  EXPECT_EQ(data.functions[2].inputs[0].state, -1);
  EXPECT_EQ(data.functions[2].inputs[1].state, 0);
  EXPECT_EQ(data.functions[2].outputs[0].state, 1);
  const FunctionData &function = data.functions[0];
  EXPECT_EQ(function.name, "scale_add");
  EXPECT_EQ(function.entrySymbol, "scale_add");
  EXPECT_EQ(function.inputs[1].name, "y");
  EXPECT_EQ(function.inputs[1].dims[0].symbol, 0);
  EXPECT_EQ(function.inputs[1].dims[1].value, 4);
  EXPECT_EQ(function.plannedValues[1].sizeExpr, (std::vector<int64_t>{0, 16, 1, 0, 3, 0}));
  EXPECT_EQ(function.plannedValues[1].last, 2);
  EXPECT_EQ(function.flops, 128);
  EXPECT_EQ(function.peakBytes, 64 * 16 + 128);
  EXPECT_EQ(data.functions[1].places[1], "second (MatMul)");
  ASSERT_EQ(data.symbols.size(), 1u);
  EXPECT_EQ(data.symbols[0].step, 2);
  ASSERT_EQ(data.weights.size(), 2u);
  EXPECT_EQ(data.weights[1].name, "scale");
  EXPECT_EQ(data.weights[1].offset, 128u);
  EXPECT_EQ(data.weights[1].length, 16u);
  EXPECT_EQ(data.weights[1].source, "scale.bin");
  ASSERT_EQ(data.code.size(), 1u);
  EXPECT_EQ(data.code[0].level, "x86-64");
  EXPECT_EQ(data.code[0].image.segments.size(), writer.data.code[0].image.segments.size());
  EXPECT_EQ(data.nodes, writer.data.nodes);
  ASSERT_EQ(function.dispatches.size(), 1u);
  EXPECT_EQ(function.dispatches[0].nodes, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(function.dispatches[0].flops, (std::vector<int64_t>{0, 8, 1, 0, 3, 0}));
  EXPECT_EQ(function.dispatches[0].bytesWritten, (std::vector<int64_t>{0, 16, 1, 0, 3, 0}));
  ASSERT_EQ(data.kernels.size(), 2u);
  EXPECT_EQ(data.kernels[0].sourceNodes, (std::vector<std::string>{"mul", "add"}));
  EXPECT_EQ(data.inputHashes[0].sha256[2], 3);
  EXPECT_EQ(data.sections.size(), 2u);
  for (const SectionData &section : data.sections)
    EXPECT_EQ(section.offset % 64, 0u);
  EXPECT_EQ(names(), std::vector<std::string>{"model.tensel"});
}

TEST_F(PackageFile, EqualAdditionsGiveEqualBytes) {
  ASSERT_EQ(sampleWriter().write(path), "");
  PackageWriter writer = sampleWriter();
  std::vector<uint8_t> bytes, again;
  ASSERT_EQ(writer.serialize(bytes), "");
  ASSERT_EQ(writer.serialize(again), "");
  EXPECT_EQ(bytes, again);
  EXPECT_EQ(bytes, readFile(path));
}

TEST_F(PackageFile, ReplacesAFile) {
  ASSERT_EQ(sampleWriter().write(path), "");
  ASSERT_EQ(sampleWriter(32).write(path), "");
  EXPECT_EQ(readFile(path), samplePackage(32));
}

TEST_F(PackageFile, FailuresLeaveNothing) {
  EXPECT_EQ(sampleWriter().write(folder + "/none/model.tensel"),
            "cannot write '" + folder + "/none/model.tensel': No such file or directory");
  EXPECT_EQ(sampleWriter().write(folder), "cannot write '" + folder + "': it exists and is not a regular file");

  PackageWriter failing = sampleWriter();
  failing.addWeight({"late", TENSEL_U8, {1}, ""}, 1, [](const ByteSink &) { return std::string("the file is gone"); });
  EXPECT_EQ(failing.write(path), "weight 'late': the file is gone");
  PackageWriter shortened = sampleWriter();
  shortened.addWeight({"short", TENSEL_U8, {5}, ""}, 5, [](const ByteSink &sink) {
    sink("abc", 3);
    return std::string();
  });
  EXPECT_EQ(shortened.write(path), "weight 'short': found 3 bytes, expected 5");
  PackageWriter wrong = sampleWriter();
  wrong.addWeight({"wrong", TENSEL_F32, {5}, ""}, "abc", 3);
  EXPECT_NE(wrong.write(path).find("weight 'wrong': found 3 bytes, expected 20 from its dims"), std::string::npos);
  EXPECT_TRUE(names().empty());
}

TEST_F(PackageFile, AFullDiskLeavesWhatWasThere) {
  ASSERT_EQ(sampleWriter().write(path), "");
  std::vector<uint8_t> before = readFile(path), large(3 << 20, 1);
  PackageWriter writer = sampleWriter();
  writer.addWeight({"large", TENSEL_U8, {3 << 20}, ""}, large.data(), large.size());
  // A limit on file sizes stands for the full disk.
  rlimit limit, small;
  getrlimit(RLIMIT_FSIZE, &limit);
  small = {1 << 20, limit.rlim_max};
  auto *handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  std::string error = writer.write(path);
  setrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(error, "cannot write '" + path + "': File too large");
  EXPECT_EQ(names(), std::vector<std::string>{"model.tensel"});
  EXPECT_EQ(readFile(path), before);
}

TEST_F(PackageFile, LoadingNamesTheFile) {
  auto message = [](const std::string &name) {
    tensel_model *model;
    tensel_error_t error;
    EXPECT_NE(tensel_model_load_file(name.c_str(), &model, &error), TENSEL_OK);
    EXPECT_EQ(model, nullptr);
    return std::string(error.message);
  };
  EXPECT_EQ(message(path), "'" + path + "': cannot open: No such file or directory");
  EXPECT_EQ(message(folder), "'" + folder + "': not a regular file");
  FILE *file = fopen(path.c_str(), "wb");
  fputs("hello", file);
  fclose(file);
  EXPECT_EQ(message(path), "'" + path + "': not a tensel package: found 5 bytes, expected at least 128");
  file = fopen(path.c_str(), "wb");
  fputs(std::string(300, 'x').c_str(), file);
  fclose(file);
  EXPECT_EQ(message(path), "'" + path + "': not a tensel package: its first bytes are not the magic number");
}

/// Not a test: writes a seed for tests/fuzz/package_fuzz.cpp. Long weights would only make it slow.
TEST(Seed, Write) {
  const char *path = getenv("TENSEL_WRITE_SEED");
  if (!path)
    GTEST_SKIP() << "TENSEL_WRITE_SEED is not set";
  EXPECT_EQ(sampleWriter().write(path), "");
}

TEST_F(PackageFile, PeakIsTheSessionsArena) {
  ASSERT_EQ(sampleWriter().write(path), "");
  tensel_model *model;
  tensel_session *session;
  tensel_error_t error;
  ASSERT_EQ(tensel_model_load_file(path.c_str(), &model, &error), TENSEL_OK) << error.message;
  ASSERT_EQ(tensel_session_create(model, 0, nullptr, &session, &error), TENSEL_OK) << error.message;
  EXPECT_EQ(tensel_session_arena_bytes(session), tensel_model_peak_bytes(model, 0));
  tensel_session_destroy(session);
  tensel_model_destroy(model);
}

} // namespace
