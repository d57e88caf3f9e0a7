// 2,000 damaged tokenizer.json files and 2,000 damaged templates, made from the seeds in tests/fuzz/llm_seeds: each is
// taken or refused, within seconds and without large allocations. A round's damage comes from the round's number alone.
#include "runtime/llm/ChatTemplate.h"
#include "runtime/llm/Tokenizer.h"
#include "tests/support/AllocationWatch.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

using namespace tensel::text;
using tensel::test::AllocationWatch;

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
  // Half of the texts change once, so that more of them get behind the first parser.
  for (size_t changes = pick(2) ? 1 : 1 + pick(6); changes > 0; --changes) {
    const size_t at = pick(text.size() + 1), length = std::min(text.size() - at, pick(1 + (pick(8) ? 20 : text.size())));
    const size_t quote = text.find('"', at), digit = text.find_first_of("0123456789", at);
    switch (pick(7)) {
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
    case 3: // a text within quotes becomes another of the file
      if (const size_t other = text.find('"', pick(text.size())); quote != std::string::npos && other != std::string::npos)
        text.replace(quote, text.find('"', quote + 1) - quote, text.substr(other, text.find('"', other + 1) - other));
      break;
    case 4:
      if (digit != std::string::npos)
        text.replace(digit, 1, std::to_string(static_cast<int64_t>(pick(SIZE_MAX)) >> pick(64)));
      break;
    case 5:
      text.insert(pick(text.size() + 1), text.substr(at, length));
      break;
    default:
      text.replace(at, length, words[pick(std::size(words))]);
    }
  }
  return text;
}

} // namespace

TEST(Mutation, Tokenizers) {
  const std::vector<std::string> good = seeds(".json");
  ASSERT_GE(good.size(), 5u);
  const std::string text =
      "Hello, w\u00f6rld 12345 \u4f60\u597d <s>\n\n  \t'll \xff\xe2\x96\x81" + std::string(2000, 'a') + std::string(2000, ' ');
  int taken = 0;
  for (int round = 0; round < 2000; ++round) {
    std::mt19937 random(static_cast<unsigned>(round));
    const std::string file = damage(good[static_cast<size_t>(round) % good.size()], random);
    const AllocationWatch watch(file.size());
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
  std::printf("%d of 2000 are tokenizers\n", taken);
  EXPECT_GT(taken, 200);
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
  int taken = 0;
  for (int round = 0; round < 2000; ++round) {
    std::mt19937 random(static_cast<unsigned>(round));
    const std::string source = damage(good[static_cast<size_t>(round) % good.size()], random);
    const AllocationWatch watch(source.size());
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
  std::printf("%d of 2000 are templates\n", taken);
  EXPECT_GT(taken, 200);
}
