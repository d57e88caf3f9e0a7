// The verifier: each byte changed, each length cut, and forged metadata under right hashes all give one clean error.
#include "runtime/package/Metadata.h"
#include "runtime/package/Sha256.h"
#include "runtime/src/MappedPackage.h"
#include "tests/runtime/Sample.h"

#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace tensel::rt;
using namespace tensel::rt::test;

namespace {

/// Loads through the C API and expects a clean refusal. Returns the message.
std::string refusal(const void *bytes, size_t size) {
  tensel_model *model = nullptr;
  tensel_error_t error;
  tensel_status_t status = tensel_model_load_memory(bytes, size, &model, &error);
  EXPECT_NE(status, TENSEL_OK);
  EXPECT_EQ(model, nullptr);
  EXPECT_NE(error.message[0], 0);
  EXPECT_EQ(strchr(error.message, '\n'), nullptr);
  tensel_model_destroy(model);
  return error.message;
}

TEST(Verify, EveryByteCounts) {
  Aligned bytes(samplePackage());
  for (size_t i = 0; i < bytes.size(); ++i)
    for (uint8_t mask : {uint8_t(1), uint8_t(0x80), uint8_t(0xff)}) {
      // All masks on the header and metadata, one on the sections: they only meet their hash.
      if (mask != 0xff && i > 256 && i + 2048 < bytes.size())
        continue;
      bytes.data()[i] ^= mask;
      ASSERT_NE(refusal(bytes.data(), bytes.size()), "") << "byte " << i;
      bytes.data()[i] ^= mask;
    }
}

TEST(Verify, EveryLengthCounts) {
  Aligned bytes(samplePackage());
  for (size_t size = 0; size < bytes.size(); ++size)
    ASSERT_NE(refusal(bytes.data(), size), "") << "length " << size;
  std::vector<uint8_t> longer = samplePackage();
  longer.push_back(0);
  EXPECT_NE(refusal(longer.data(), longer.size()), "");
}

TEST(Verify, RandomMetadataUnderARightHash) {
  const std::vector<uint8_t> good = samplePackage();
  Aligned bytes(good);
  auto *header = reinterpret_cast<PackageHeader *>(bytes.data());
  uint8_t *metadata = bytes.data() + header->fbOffset;
  std::mt19937 random(4);
  int refused = 0;
  for (int round = 0; round < 30000; ++round) {
    memcpy(bytes.data(), good.data(), good.size());
    for (unsigned i = 0; i < 1 + random() % 3; ++i)
      metadata[random() % header->fbSize] = random() % 2 ? uint8_t(random()) : uint8_t(random() % 8);
    Sha256::hash(metadata, header->fbSize, header->fbSha256);
    Error error;
    const fb::Package *package;
    refused += verifyPackage(bytes.data(), bytes.size(), Hashes::Check, package, error) != TENSEL_OK;
  }
  // Some changes are legal: a letter in a name, a flop count.
  EXPECT_GT(refused, 10000);
  EXPECT_LT(refused, 30000);
}

/// The message for the sample after a change of what the writer would say.
std::string forged(const std::function<void(PackageData &)> &change) {
  PackageWriter writer = sampleWriter();
  std::vector<uint8_t> bytes;
  EXPECT_EQ(writer.serialize(bytes), "");
  change(writer.data);
  std::vector<uint8_t> metadata = buildMetadata(writer.data, true);
  PackageHeader header;
  memcpy(&header, bytes.data(), sizeof header);
  bytes.resize(header.fbOffset);
  bytes.insert(bytes.end(), metadata.begin(), metadata.end());
  header.fbSize = metadata.size();
  header.fileSize = bytes.size();
  Sha256::hash(metadata.data(), metadata.size(), header.fbSha256);
  memcpy(bytes.data(), &header, sizeof header);
  return refusal(Aligned(bytes).data(), bytes.size());
}

TEST(Verify, RelationsHold) {
  using Change = std::function<void(PackageData &)>;
  const std::vector<std::pair<const char *, Change>> changes = {
      {"it holds no function", [](PackageData &data) { data.functions.clear(); }},
      {"function 0 has no name", [](PackageData &data) { data.functions[0].name = ""; }},
      {"two of kind function are named 'misbehave'", [](PackageData &data) { data.functions[0].name = "misbehave"; }},
      {"two of kind input are named 'x'", [](PackageData &data) { data.functions[0].inputs[1].name = "x"; }},
      {"input 0 has unknown element type 14", [](PackageData &data) { data.functions[0].inputs[0].elemType = 14; }},
      {"input 0, dim 0: value -1 with symbol 1", [](PackageData &data) { data.functions[0].inputs[0].dims[0].symbol = 1; }},
      {"input 0, dim 0: value -1 with symbol -1", [](PackageData &data) { data.functions[0].inputs[0].dims[0].symbol = -1; }},
      {"input 0, dim 0: value -5 with symbol -1", [](PackageData &data) { data.functions[0].inputs[0].dims[0] = {-5, -1}; }},
      {"input 1 and output 1 are not one state", [](PackageData &data) { data.functions[2].inputs[1].state = 1; }},
      {"input 0 and output 0 are not one state", [](PackageData &data) { data.functions[2].inputs[0].state = 0; }},
      {"output 0 and input 1 are not one state", [](PackageData &data) { data.functions[2].inputs[1].state = -1; }},
      {"output 0 and input -7 are not one state",
       [](PackageData &data) {
         data.functions[2].inputs[1].state = -1;
         data.functions[2].outputs[0].state = -7;
       }},
      {"the state input 1 has another type or other dims than output 0",
       [](PackageData &data) { data.functions[2].inputs[1].dims[0].value = 5; }},
      {"input 0 has rank 17", [](PackageData &data) { data.functions[0].inputs[0].dims.resize(17, {1, -1}); }},
      {"planned value 1 lives from 3 to 2", [](PackageData &data) { data.functions[0].plannedValues[1].first = 3; }},
      {"planned value 1 lives from -1 to 2", [](PackageData &data) { data.functions[0].plannedValues[1].first = -1; }},
      {"planned value 0 has a malformed size expression",
       [](PackageData &data) { data.functions[0].plannedValues[0].sizeExpr = {1, 1}; }},
      {"symbol 'N' has no legal value: min 5, max 3, step 1", [](PackageData &data) { data.symbols[0] = {"N", 5, 3, 1}; }},
      {"symbol 'N' has no legal value: min 1, max 3, step 4", [](PackageData &data) { data.symbols[0] = {"N", 1, 3, 4}; }},
      {"symbol 'N' has no legal value", [](PackageData &data) { data.symbols[0].step = 0; }},
      {"symbol 'N' has no legal value", [](PackageData &data) { data.symbols[0].max = INT64_MAX; }},
      {"weight 'scale': section 2 of 2", [](PackageData &data) { data.weights[1].section = 2; }},
      {"weight 'scale': section 1 does not hold weights", [](PackageData &data) { data.weights[1].section = 1; }},
      {"weight 'scale': offset 129 is not a multiple of 64", [](PackageData &data) { data.weights[1].offset = 129; }},
      {"weight 'scale': 16 bytes at 192 pass the section's 144", [](PackageData &data) { data.weights[1].offset = 192; }},
      {"weight 'scale': found 16 bytes, expected 20", [](PackageData &data) { data.weights[1].dims[0] = 5; }},
      {"weight 'scale': found 16 bytes", [](PackageData &data) { data.weights[1].dims = {1 << 30, 1 << 30, 1 << 30}; }},
      {"section 0: found offset 192, expected 128", [](PackageData &data) { data.sections[0].offset = 192; }},
      {"pass the metadata", [](PackageData &data) { data.sections[1].length = ~uint64_t(0) - 100; }},
      {"section 1: unknown kind 3", [](PackageData &data) { data.sections[1].kind = SectionKind(3); }},
      {"sha256 of section 1 (code) does not match", [](PackageData &data) { data.sections[1].sha256[0] ^= 1; }},
      {"metadata begins at", [](PackageData &data) { data.sections.pop_back(); }},
      {"segment 1", [](PackageData &data) { data.code[0].image.segments[1].offset += 8; }},
      {"segment 1", [](PackageData &data) { data.code[0].image.segments[1].offset = 0; }},
      {"segment 1", [](PackageData &data) { data.code[0].image.segments[1].fileSize += 4096; }},
      {"segment 1", [](PackageData &data) { data.code[0].image.segments[1].size = ~uint64_t(0) - 5000; }},
      {"segment 1 has protection 7", [](PackageData &data) { data.code[0].image.segments[1].prot = 7; }},
      {"segment 1 has protection 6", [](PackageData &data) { data.code[0].image.segments[1].prot = 6; }},
      {"relative slot 4 is not aligned", [](PackageData &data) { data.code[0].image.relativeRelocs[0] = 4; }},
      {"not in order", [](PackageData &data) { data.code[0].image.relativeRelocs[1] = data.code[0].image.relativeRelocs[0]; }},
      {"relative slot 4294967288 is outside the data segments",
       [](PackageData &data) { data.code[0].image.relativeRelocs = {0xfffffff8}; }},
      {"outside the data segments",
       [](PackageData &data) { data.code[0].image.relativeRelocs = {data.code[0].entries[0] & ~7u}; }},
      {"points outside the image", [](PackageData &data) { data.code[0].image.relativeRelocs = {0}; }},
      {"unknown import 'system'", [](PackageData &data) { data.code[0].image.imports[0].name = "system"; }},
      {"import slot 2 is not aligned", [](PackageData &data) { data.code[0].image.imports[0].slots = {2}; }},
      {"found 2 entries, expected 3", [](PackageData &data) { data.code[0].entries.pop_back(); }},
      {"entry 0 (function 0 at 0) is not in code", [](PackageData &data) { data.code[0].entries[0] = 0; }},
      {"dispatch 0 of kernel 2 of 2", [](PackageData &data) { data.functions[0].dispatches[0].kernel = 2; }},
      {"dispatch 0: node 3 of 3", [](PackageData &data) { data.functions[0].dispatches[0].nodes[1] = 3; }},
      {"dispatch 0 has a malformed cost", [](PackageData &data) { data.functions[0].dispatches[0].flops.pop_back(); }},
      {"the package is for 'riscv64', this machine is 'x86_64'", [](PackageData &data) { data.targetArch = "riscv64"; }},
      {"the package has code for x86-64-v9; this machine offers x86-64",
       [](PackageData &data) { data.code[0].level = "x86-64-v9"; }},
      {"the package holds no code", [](PackageData &data) { data.code.clear(); }}};
  for (const auto &[message, change] : changes) {
    std::string found = forged(change);
    EXPECT_NE(found.find(message), std::string::npos) << "found: " << found << "\nexpected: " << message;
  }
}

TEST(Verify, MetadataMayNotSayMoreThanItHolds) {
  // 60000 input hashes are fine, and linear; the budget is for tables that share their parts, as only forgers make.
  PackageWriter writer = sampleWriter();
  writer.data.inputHashes.assign(60000, {"same", {}});
  std::vector<uint8_t> bytes;
  ASSERT_EQ(writer.serialize(bytes), "");
  LoadedModel model(bytes);
}

TEST(Verify, MessagesStayOnOneLine) {
  std::string found = forged([](PackageData &data) {
    data.functions[0].inputs[0].name = data.functions[0].inputs[1].name = "a\nb\x1b[31m" + std::string(5000, 'x');
  });
  EXPECT_NE(found.find("named 'a?b?[31m"), std::string::npos) << found;
}

} // namespace
