// Streams of single bytes: no piece splits a character, and ill-formed bytes come out too.
#include "runtime/llm/Detokenizer.h"

#include <gtest/gtest.h>

using namespace tensel::text;

/// A tokenizer whose id is the byte, with the byte-level or the byte-fallback decoder.
static Tokenizer makeBytes(bool fallback) {
  Vocabulary words;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<unsigned char>(byte);
    words.add(fallback ? fallbackOfByte(c) : std::string(byteStandIn(c)), byte);
  }
  TokenizerParts parts;
  parts.model = makeWordLevel(std::move(words), "");
  std::vector<DecoderPtr> steps;
  steps.push_back(fallback ? makeByteFallbackDecoder() : makeByteLevelDecoder());
  parts.decoder = makeDecoderSequence(std::move(steps));
  auto tokenizer = Tokenizer::fromParts(std::move(parts));
  EXPECT_TRUE(tokenizer);
  return std::move(*tokenizer);
}

static std::vector<std::string> stream(const Tokenizer &tokenizer, const std::string &bytes) {
  Detokenizer detokenizer(tokenizer);
  std::vector<std::string> out;
  for (const char c : bytes)
    out.push_back(detokenizer.add(static_cast<unsigned char>(c)));
  out.push_back(detokenizer.finish());
  for (const std::string &piece : out)
    EXPECT_TRUE(isUtf8(piece));
  return out;
}

static std::string joined(const std::vector<std::string> &pieces) {
  std::string out;
  for (const std::string &piece : pieces)
    out += piece;
  return out;
}

TEST(Detokenizer, WaitsForWholeCharacters) {
  for (const bool fallback : {false, true}) {
    const Tokenizer tokenizer = makeBytes(fallback);
    EXPECT_EQ(stream(tokenizer, "a\u20acb"), (std::vector<std::string>{"a", "", "", "\u20ac", "b", ""}));
    EXPECT_EQ(joined(stream(tokenizer, "\U0001F600\U0001F1E9\U0001F1EA\u00e9")), "\U0001F600\U0001F1E9\U0001F1EA\u00e9");
  }
}

TEST(Detokenizer, GivesIllFormedBytes) {
  const std::string mark = "\xEF\xBF\xBD";
  const Tokenizer tokenizer = makeBytes(false);
  for (const std::string bytes :
       {"\xff", "\xff\xff\xff\xe4\xbd\xa0", "a\xe4\xbdx", "\xf0\x9f\x98", "\x80\x80\x80\x80\x80z", "\xc3\xa9\xff\xc3\xa9"})
    EXPECT_EQ(joined(stream(tokenizer, bytes)), lossyUtf8(bytes));
  EXPECT_EQ(joined(stream(tokenizer, std::string(1000, '\xff'))).size(), 3000u);
  EXPECT_EQ(joined(stream(makeBytes(true), "\xc3\xa9\xff"
                                           "a")),
            "\u00e9" + mark + mark); // all bytes of a run count as ill formed
}
