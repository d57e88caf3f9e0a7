// The patterns that tokenizers split with.
#include "runtime/llm/Pattern.h"

#include <gtest/gtest.h>

using namespace tensel::text;

/// The matches joined by '|', what lies between them in <>.
static std::string split(const char *source, const std::string &text) {
  auto pattern = Pattern::compile(source);
  if (!pattern)
    return pattern.message();
  std::vector<MatchRange> ranges;
  if (!pattern->findAll(text, ranges))
    return "too long";
  std::string out;
  for (const MatchRange &range : ranges) {
    const std::string part = text.substr(range.begin, range.end - range.begin);
    out += (out.empty() ? "" : "|") + (range.isMatch ? part : "<" + part + ">");
  }
  return out;
}

TEST(Pattern, Matches) {
  EXPECT_EQ(split("a+", "baac"), "<b>|aa|<c>");
  EXPECT_EQ(split("\\s+(?!\\S)|\\s+", "a   b  "), "<a>|  | |<b>|  ");
  EXPECT_EQ(split("(?i:'s|'re)", "'S'Re's\u017f'\u017f"), "'S|'Re|'s|<\u017f>|'\u017f");
  EXPECT_EQ(split("\\p{N}{1,3}", "1234567"), "123|456|7");
  EXPECT_EQ(split("[^\\r\\n\\p{L}]?\\p{L}+", " ab\ncd"), " ab|<\n>|cd");
  EXPECT_EQ(split("(ab|a)(c|bcd)", "abcd"), "abc|<d>");
  EXPECT_EQ(split("(a|ab)(c|bcd)$", "abcd"), "abcd");
  EXPECT_EQ(split("(?:ab)+c", "ababc abab"), "ababc|< abab>");
  EXPECT_EQ(split("x(?:ab){2,3}", "xabababab"), "xababab|<ab>");
  EXPECT_EQ(split("[a-c[x-z]]+", "abxyd"), "abxy|<d>");
  EXPECT_EQ(split("[!\\]\\-a]+", "]-a!b"), "]-a!|<b>");
  EXPECT_EQ(split("a++a", "aaa"), "<aaa>");
  EXPECT_EQ(split("\\u00e9|\\x{20ac}", "\u00e9\u20ac"), "\u00e9|\u20ac");
}

TEST(Pattern, Refuses) {
  for (const char *source : {"(", ")", "a)", "[a", "*a", "a*?", "(?<=a)b", "a*", "a|", "\\p{Nope}", "[b-a]", "\\q", "(a*)+",
                             "a{3,2}", "[a&&b]", "x{2000}", "((((((((((a{1000}){1000}){1000}){1000}))))))))"}) {
    EXPECT_FALSE(Pattern::compile(source)) << source;
  }
  EXPECT_FALSE(Pattern::compile(std::string(1000, '(') + "a" + std::string(1000, ')')));
}

TEST(Pattern, EndsInTime) {
  const std::string text(1'000'000, ' ');
  EXPECT_EQ(split("\\s+$", text + "b").size(), text.size() + 3); // one part in <>
  EXPECT_EQ(split("\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", text), text);
  EXPECT_EQ(split("((a+)+)+b", std::string(1000, 'a')), "too long");
}
