// 2,000 damaged tokenizer.json files and 2,000 damaged templates, made from the seeds in tests/fuzz/llm_seeds: each is
// taken or refused, within seconds and without large allocations.
#include "runtime/llm/ChatTemplate.h"
#include "runtime/llm/Tokenizer.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <new>
#include <random>
#include <sstream>

using namespace tensel::text;

static std::atomic<size_t> largestAllocation{0};

// Replaces the program's operator new, to see the sizes.
void *operator new(size_t size) {
  if (size > largestAllocation.load(std::memory_order_relaxed))
    largestAllocation.store(size, std::memory_order_relaxed);
  void *memory = std::malloc(size);
  if (!memory)
    std::abort();
  return memory;
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }

namespace {

std::vector<std::string> seeds(const char *suffix) {
  std::vector<std::filesystem::path> paths;
  for (const auto &entry : std::filesystem::directory_iterator(TENSEL_LLM_SEEDS))
    if (entry.path().extension() == suffix)
      paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> out;
  for (const auto &path : paths) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    out.push_back(std::move(text).str());
  }
  return out;
}

/// A few changes: bytes, words, parts taken out, doubled or moved.
std::string damage(std::string text, std::mt19937 &random) {
  static const std::string words[] = {
      "\"",         "{",      "}",       "[",       "]",    ",",     ":",        "null", "true",         "-1",
      "4294967296", "1e308",  "\\u0000", "\\ud800", "{%",   "%}",    "{{",       "}}",   "{#",           "-%}",
      "for ",       "if ",    " in ",    "set ",    "ns.x", "|",     "(",        ")",    "range(99999)", "~",
      "**",         "\\p{L}", "(?!",     "+",       "*",    "{1,9}", "Sequence", "\xff", "\xe2\x96\x81", "0",
      "9999999999", "''"};
  const auto pick = [&](size_t below) { return std::uniform_int_distribution<size_t>(0, below ? below - 1 : 0)(random); };
  for (size_t changes = 1 + pick(6); changes > 0; --changes) {
    const size_t at = pick(text.size() + 1), length = std::min(text.size() - at, pick(1 + (pick(8) ? 20 : text.size())));
    switch (pick(5)) {
    case 0:
      if (at < text.size())
        text[at] = static_cast<char>(pick(256));
      break;
    case 1:
      text.insert(at, words[pick(std::size(words))]);
      break;
    case 2:
      text.erase(at, length);
      break;
    case 3:
      text.insert(pick(text.size() + 1), text.substr(at, length));
      break;
    default:
      text.replace(at, length, words[pick(std::size(words))]);
    }
  }
  return text;
}

class Watch {
public:
  explicit Watch(size_t size) : size(size) { largestAllocation = 0; }
  void expectModest(size_t fixed) const {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    EXPECT_LT(passed.count(), 5.0);
    EXPECT_LE(largestAllocation.load(), 2 * size + fixed);
  }

private:
  size_t size;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

} // namespace

TEST(Mutation, Tokenizers) {
  const std::vector<std::string> good = seeds(".json");
  ASSERT_GE(good.size(), 5u);
  const std::string text =
      "Hello, w\u00f6rld 12345 \u4f60\u597d <s>\n\n  \t'll \xff\xe2\x96\x81" + std::string(2000, 'a') + std::string(2000, ' ');
  std::mt19937 random(1);
  int taken = 0;
  for (int round = 0; round < 2000; ++round) {
    const std::string file = damage(good[static_cast<size_t>(round) % good.size()], random);
    const Watch watch(file.size());
    auto tokenizer = Tokenizer::fromJson(file);
    watch.expectModest(64 << 10);
    if (!tokenizer) {
      EXPECT_FALSE(tokenizer.message().empty());
      continue;
    }
    ++taken;
    if (auto ids = tokenizer->encode(text, true))
      EXPECT_TRUE(isUtf8(tokenizer->decode(*ids, false))) << file;
    watch.expectModest(4 << 20);
    if (HasFailure())
      FAIL() << "round " << round;
  }
  EXPECT_GT(taken, 20);
}

TEST(Mutation, Templates) {
  const std::vector<std::string> good = seeds(".jinja");
  ASSERT_GE(good.size(), 5u);
  auto context = JsonDocument::parse(
      R"({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>x</think>b",
          "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1}}}]}, {"role": "user", "content": [{"type": "text", "text": "t"}]}],
          "tools": [{"function": {"name": "f", "parameters": {"properties": {"a": {"type": "string"}}}}}], "bos_token": "<s>",
          "eos_token": "</s>", "add_generation_prompt": true})");
  ASSERT_TRUE(context);
  std::mt19937 random(2);
  int taken = 0;
  for (int round = 0; round < 2000; ++round) {
    const std::string source = damage(good[static_cast<size_t>(round) % good.size()], random);
    const Watch watch(source.size());
    auto chat = ChatTemplate::parse(source);
    watch.expectModest(64 << 10);
    if (!chat)
      continue;
    auto text = chat->render(context->root());
    if (text)
      EXPECT_TRUE(isUtf8(*text));
    watch.expectModest(32 << 20);
    ++taken;
    if (HasFailure())
      FAIL() << "round " << round << ": " << source;
  }
  EXPECT_GT(taken, 100);
}
