// Tokenizers from small files: messages of errors and the parts that the comparison in tests/llm does not reach.
#include "runtime/llm/Tokenizer.h"

#include <gtest/gtest.h>

using namespace tensel::text;

static std::string messageOf(const std::string &json) {
  auto tokenizer = Tokenizer::fromJson(json);
  return tokenizer ? "" : tokenizer.message();
}

TEST(Tokenizer, NamesWhatIsWrong) {
  EXPECT_EQ(messageOf("{}"), "tokenizer.json: found no 'model' at the top");
  EXPECT_EQ(messageOf(R"({"model": {"type": "Nope"}})"),
            "model: found the type 'Nope', expected one of BPE, Unigram, WordPiece, WordLevel");
  EXPECT_EQ(messageOf(R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}})"),
            "BPE: merge 0 needs the token 'b', which the vocabulary lacks");
  EXPECT_EQ(messageOf(R"({"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}})"),
            "BPE: the token 'a' has no id of 32 bits in 'vocab'");
  EXPECT_NE(
      messageOf(R"({"model": {"type": "WordLevel", "vocab": {}}, "normalizer": {"type": "Nope"}})").find("found the type 'Nope'"),
      std::string::npos);
  EXPECT_NE(
      messageOf(R"({"model": {"type": "WordLevel", "vocab": {}}, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}}})")
          .find("pattern '('"),
      std::string::npos);
}

TEST(Tokenizer, PutsTokensAroundTexts) {
  auto tokenizer = Tokenizer::fromJson(R"({"model": {"type": "WordLevel", "unk_token": "u", "vocab": {"a": 0, "b": 1, "u": 2}},
    "pre_tokenizer": {"type": "Whitespace"},
    "post_processor": {"type": "BertProcessing", "sep": ["s", 8], "cls": ["c", 9]},
    "added_tokens": [{"id": 3, "content": "<x>", "special": true}]})");
  ASSERT_TRUE(tokenizer) << tokenizer.message();
  const std::string_view second = "b zzz";
  auto pair = tokenizer->encodePair("a<x>", &second, true);
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->ids, (std::vector<TokenId>{9, 0, 3, 8, 1, 2, 8}));
  EXPECT_EQ(pair->types, (std::vector<uint32_t>{0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(tokenizer->decode(pair->ids, true), "a b u");
  EXPECT_EQ(tokenizer->idOf("<x>"), 3u);
  EXPECT_TRUE(tokenizer->isSpecial(3));
  EXPECT_EQ(tokenizer->size(), 4u);
}

TEST(Tokenizer, SaysWhenNothingCoversTheText) {
  auto tokenizer = Tokenizer::fromJson(R"({"model": {"type": "WordLevel", "unk_token": "u", "vocab": {"a": 0}}})");
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->encode("b", false).message(),
            "tokenizer: found text that no token covers, and the vocabulary has no unknown token");
}

TEST(Tokenizer, ChecksGgufMetadata) {
  GgufVocabulary gguf;
  EXPECT_FALSE(Tokenizer::fromGguf(gguf));
  gguf.tokens = {"a", "b", "ab"};
  gguf.model = "gpt2";
  gguf.pre = "nope";
  EXPECT_NE(Tokenizer::fromGguf(gguf).message().find("found the pre-tokenizer 'nope'"), std::string::npos);
  gguf.pre = "qwen2";
  gguf.merges = {"a b"};
  gguf.eos = 7;
  EXPECT_EQ(Tokenizer::fromGguf(gguf).message(), "GGUF: found eos_token_id 7, expected less than 3");
  gguf.eos.reset();
  gguf.types = {1};
  EXPECT_FALSE(Tokenizer::fromGguf(gguf));
  gguf.types = {};
  auto tokenizer = Tokenizer::fromGguf(gguf);
  ASSERT_TRUE(tokenizer) << tokenizer.message();
  EXPECT_EQ(*tokenizer->encode("abba", true), (std::vector<TokenId>{2, 1, 0}));
}

TEST(Tokenizer, ReadsRwkvBytes) {
  GgufVocabulary gguf;
  gguf.model = "rwkv";
  gguf.tokens = {"<s>", "\\xe2", "\\x82\\xac", "\\n", "a", "ab", "\\t\\\\"};
  auto tokenizer = Tokenizer::fromGguf(gguf);
  ASSERT_TRUE(tokenizer) << tokenizer.message();
  auto ids = tokenizer->encode("ab\n\u20aca\t\\", false);
  ASSERT_TRUE(ids) << ids.message();
  EXPECT_EQ(*ids, (std::vector<TokenId>{5, 3, 1, 2, 4, 6}));
  EXPECT_EQ(tokenizer->decode(*ids, false), "ab\n\u20aca\t\\");
}
