// The JSON reader: what it takes, what it refuses and with which message.
#include "runtime/llm/Json.h"

#include <gtest/gtest.h>

using namespace tensel::text;

static std::string messageOf(const std::string &text) {
  auto document = JsonDocument::parse(text);
  return document ? "" : document.message();
}

TEST(Json, ReadsEveryKind) {
  auto document = JsonDocument::parse(R"( {"a": [1, -2.5e3, true, null], "b\n": "x\u00e9\ud83d\ude00", "a": {}} )");
  ASSERT_TRUE(document) << document.message();
  const Json &root = document->root();
  EXPECT_EQ(root.count, 3u);
  EXPECT_TRUE(root.find("a")->isObject()); // the last one counts
  EXPECT_EQ(root.first->count, 4u);
  EXPECT_EQ(root.first->first->integer, 1);
  EXPECT_EQ(root.first->first->next->number, -2500);
  EXPECT_EQ(root.getString("b\n", ""), "x\u00e9\U0001F600");
  EXPECT_EQ(root.find("c"), nullptr);
}

TEST(Json, Refuses) {
  for (const char *text : {"", "{", "[1,]", "{\"a\" 1}", "01", "1.", "+1", "nul", "\"\\x\"", "\"\n\"", "\"\\ud800\"",
                           "\"\\udc00\"", "[1] 2", "'a'", "1e999", "\"abc", "{1: 2}", "\xff"})
    EXPECT_NE(messageOf(text), "") << text;
  EXPECT_EQ(messageOf("[1, x]"), "JSON: at byte 4 found 'x', expected a value");
}

TEST(Json, BoundsTheDepth) {
  EXPECT_EQ(messageOf(std::string(100, '[') + std::string(100, ']')), "");
  EXPECT_NE(messageOf(std::string(100'000, '[')), "");
}

TEST(Json, QuotesWhatItReads) {
  const std::string text = "a\"\\\n\t\x01\u00e9";
  auto document = JsonDocument::parse(quoteJson(text));
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().string, text);
}
