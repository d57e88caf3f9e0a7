// Damaged model files through the whole importer: 2,000 GGUF files, 2,000 safetensors files and 2,000 config.json files, made
// from the tiny models of every architecture. Each is taken, or refused with one message, within seconds and without large
// allocations. A round's damage comes from the round's number alone.
#include "frontend/llm/Import.h"
#include "frontend/llm/TextAssets.h"
#include "tests/support/AllocationWatch.h"

#include "mlir/IR/MLIRContext.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

using tensel::test::AllocationWatch;
namespace fs = std::filesystem;

namespace {

constexpr unsigned rounds = 2000;
/// What a context with its dialects takes at once, whatever the file.
constexpr size_t fixedBytes = 1 << 20;

std::string readFile(const fs::path &path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

void writeFile(const fs::path &path, const std::string &content) { std::ofstream(path, std::ios::binary) << content; }

/// Folders with a file of that name, sorted.
std::vector<fs::path> modelsWith(const char *file) {
  std::vector<fs::path> found;
  for (const auto &entry : fs::directory_iterator(TENSEL_LANGUAGE_MODELS))
    if (fs::exists(entry.path() / file))
      found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

class Damage {
public:
  explicit Damage(unsigned round) : random(round) {}

  /// A few changes, most of them in the first `head` bytes, where names and sizes are.
  std::string apply(std::string text, size_t head) {
    for (size_t changes = 1 + pick(4); changes > 0; --changes) {
      const size_t at = pick(std::min(text.size(), pick(8) ? head : text.size()));
      switch (pick(7)) {
      case 0:
        text[at] = static_cast<char>(text[at] ^ (1 << pick(8)));
        break;
      case 1:
        overwrite(text, at, 4);
        break;
      case 2:
        overwrite(text, at, 8);
        break;
      case 3:
        text.erase(at, 1 + pick(16));
        break;
      case 4:
        text.insert(at, text.substr(pick(text.size()), 1 + pick(16)));
        break;
      case 5:
        text.insert(at, word());
        break;
      default:
        replaceNumber(text, at);
      }
      if (pick(20) == 0)
        text.resize(pick(text.size() + 1));
      if (text.empty())
        text = "{";
    }
    return text;
  }

private:
  size_t pick(size_t below) { return below ? random() % below : 0; }

  /// An integer near a limit, little endian.
  void overwrite(std::string &text, size_t at, size_t bytes) {
    static constexpr uint64_t odd[] = {0,
                                       1,
                                       2,
                                       3,
                                       31,
                                       64,
                                       255,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       uint64_t(1) << 40,
                                       uint64_t(1) << 61,
                                       INT64_MAX,
                                       UINT64_MAX,
                                       UINT64_MAX - 7};
    uint64_t value = odd[pick(std::size(odd))];
    for (size_t i = 0; i < bytes && at + i < text.size(); ++i, value >>= 8)
      text[at + i] = static_cast<char>(value);
  }

  /// The first decimal number behind `at` becomes another.
  void replaceNumber(std::string &text, size_t at) {
    static const std::string numbers[] = {"0",
                                          "-1",
                                          "1",
                                          "3",
                                          "1e3",
                                          "0.5",
                                          "65536",
                                          "2147483647",
                                          "4294967296",
                                          "9223372036854775807",
                                          "99999999999999999999",
                                          "1e308",
                                          "NaN",
                                          "null",
                                          "true",
                                          "[1,2]",
                                          "\"7\""};
    const size_t begin = text.find_first_of("0123456789", at);
    if (begin == std::string::npos)
      return;
    const size_t end = std::min(text.find_first_not_of("0123456789", begin), text.size());
    text.replace(begin, end - begin, numbers[pick(std::size(numbers))]);
  }

  std::string word() {
    static const std::string words[] = {
        "\"",          "{",       "}",    "[",        "]",          ",",          ":",   "null", "-",    "0",
        "\\u0000",     "\\ud800", "\xff", "\xf0\x9f", "model_type", "\"gemma2\"", "F32", "I64",  "Q4_0", "data_offsets",
        "__metadata__"};
    return words[pick(std::size(words))];
  }

  std::mt19937 random;
};

/// A folder of this test's own.
class Mutation : public testing::Test {
protected:
  void SetUp() override { fs::create_directories(folder); }
  void TearDown() override { fs::remove_all(folder); }

  /// Whether the model was taken.
  bool import(const fs::path &path, size_t bytes) {
    const AllocationWatch watch(bytes);
    int errors = 0;
    bool isTaken;
    {
      mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
      mlir::ScopedDiagnosticHandler count(&context, [&](mlir::Diagnostic &diagnostic) {
        errors += diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
        return llvm::success();
      });
      isTaken = static_cast<bool>(tensel::llm::importLlm(context, path.string()));
    }
    EXPECT_EQ(errors, isTaken ? 0 : 1);
    tensel::llm::TextAssets texts;
    std::string error;
    if (isTaken && !tensel::llm::readTextAssets(path.string(), texts, error))
      EXPECT_NE(error, "");
    watch.expectModest(fixedBytes);
    return isTaken;
  }

  /// One file of every model in turn is damaged.
  void damageFolders(const char *file, size_t head) {
    const std::vector<fs::path> models = modelsWith(file);
    ASSERT_GE(models.size(), 15U);
    for (const fs::path &model : models)
      fs::copy(model, folder / model.filename());
    unsigned taken = 0;
    for (unsigned round = 0; round < rounds; ++round) {
      const fs::path copy = folder / models[round % models.size()].filename();
      const std::string whole = readFile(models[round % models.size()] / file), changed = Damage(round).apply(whole, head);
      writeFile(copy / file, changed);
      taken += import(copy, fs::file_size(copy / "model.safetensors") + fs::file_size(copy / "config.json"));
      writeFile(copy / file, whole);
      if (HasFailure())
        FAIL() << "round " << round << ": " << models[round % models.size()] << " with " << file << ":\n"
               << changed.substr(0, head);
    }
    EXPECT_GT(taken, rounds / 50);
    EXPECT_LT(taken, rounds);
  }

  fs::path folder = fs::path(testing::TempDir()) / ("tensel-mutation-" + std::to_string(getpid()));
};

} // namespace

TEST_F(Mutation, Gguf) {
  const std::string whole = readFile(modelsWith("model.gguf").at(0) / "model.gguf");
  const fs::path path = folder / "model.gguf";
  unsigned taken = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    const std::string changed = Damage(round).apply(whole, 2000);
    writeFile(path, changed);
    taken += import(path, changed.size());
    if (HasFailure())
      FAIL() << "round " << round;
  }
  EXPECT_GT(taken, rounds / 50);
  EXPECT_LT(taken, rounds);
}

TEST_F(Mutation, Safetensors) { damageFolders("model.safetensors", 3000); }
TEST_F(Mutation, Configurations) { damageFolders("config.json", 2000); }
