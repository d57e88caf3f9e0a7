// UTF-8, categories and normal forms.
#include "runtime/llm/Unicode.h"

#include <gtest/gtest.h>

using namespace tensel::text;

TEST(Unicode, ReplacesIllFormedParts) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(lossyUtf8("a\xff"
                      "b"),
            "a" + mark + "b");
  EXPECT_EQ(lossyUtf8("\xe2\x82"), mark);
  EXPECT_EQ(lossyUtf8("\xe2\x28\xa1"), mark + "(" + mark);
  EXPECT_EQ(lossyUtf8("\xf0\x9f\x98"), mark);
  EXPECT_EQ(lossyUtf8("\xed\xa0\x80"), mark + mark + mark);
  EXPECT_EQ(lossyUtf8("\xc0\xaf"), mark + mark);
  EXPECT_EQ(lossyUtf8("\xf4\x90\x80\x80"), mark + mark + mark + mark);
  EXPECT_FALSE(isUtf8("\xed\xa0\x80"));
  EXPECT_TRUE(isUtf8("a\u00e9\u20ac\U0001F600"));
}

TEST(Unicode, SeesIncompleteEnds) {
  EXPECT_EQ(incompleteUtf8Tail("abc"), 0u);
  EXPECT_EQ(incompleteUtf8Tail("abc\xe2"), 1u);
  EXPECT_EQ(incompleteUtf8Tail("abc\xf0\x9f\x98"), 3u);
  EXPECT_EQ(incompleteUtf8Tail("abc\xff"), 0u);
  EXPECT_EQ(incompleteUtf8Tail("\x80\x80\x80\x80"), 0u);
}

TEST(Unicode, Normalizes) {
  EXPECT_EQ(normalizeUnicode("e\u0301", NormalForm::Nfc), "\u00e9");
  EXPECT_EQ(normalizeUnicode("\u00e9", NormalForm::Nfd), "e\u0301");
  EXPECT_EQ(normalizeUnicode("\ufb01\u00bd", NormalForm::Nfkc), "fi1\u20442");
  EXPECT_EQ(normalizeUnicode("a\u0307\u0323", NormalForm::Nfd), "a\u0323\u0307");
  EXPECT_EQ(normalizeUnicode("\uac01", NormalForm::Nfkd), "\u1100\u1161\u11a8");
}

TEST(Unicode, SortsLongRunsOfMarksInTime) {
  std::string text = "a";
  for (int i = 0; i < 200'000; ++i)
    text += i % 2 ? "\u0301" : "\u0323";
  EXPECT_EQ(normalizeUnicode(text, NormalForm::Nfd).size(), text.size());
}

TEST(Unicode, Lowers) { EXPECT_EQ(lowercase("\u00c4\u0130\u03a3\u1e9e"), "\u00e4i\u0307\u03c3\u00df"); }
