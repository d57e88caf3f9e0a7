// The JSON reader: values, order, escapes, and one clear error for every way a
// text can be broken; depth and strange numbers included.
#include "frontend/common/Json.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace tensel;

static Json parsed(std::string_view text) {
  std::string error;
  std::optional<Json> json = Json::parse(text, error);
  EXPECT_EQ(error, "");
  return *json;
}

static std::string errorOf(std::string_view text) {
  std::string error;
  EXPECT_FALSE(Json::parse(text, error));
  return error;
}

TEST(Json, ReadsValues) {
  Json json = parsed(R"( {"a": 1, "b": [true, null, -2.5e1], "c": {"d": "x"}, "n": NaN, "i": -Infinity} )");
  EXPECT_EQ(json.find("a")->asInteger(), 1);
  EXPECT_EQ(json.find("c")->find("d")->asString(), "x");
  EXPECT_TRUE(std::isnan(*json.find("n")->asNumber()));
  EXPECT_EQ(json.find("i")->asNumber(), -INFINITY);
  EXPECT_FALSE(json.find("e"));
  JsonItems items(*json.find("b"));
  ASSERT_TRUE(items.next());
  EXPECT_EQ(items.value().asBool(), true);
  ASSERT_TRUE(items.next());
  EXPECT_TRUE(items.value().isNull());
  ASSERT_TRUE(items.next());
  EXPECT_EQ(items.value().asNumber(), -25.0);
  EXPECT_FALSE(items.value().asInteger());
  EXPECT_FALSE(items.next());
}

TEST(Json, WalksMembersInOrder) {
  std::string keys;
  Json json = parsed(R"({"x":{},"y":[],"z":[[{"q":"}"}],"]"] , "w":0})");
  for (JsonItems items(json); items.next();)
    keys += items.key();
  EXPECT_EQ(keys, "xyzw");
  for (JsonItems items(parsed("7")); items.next();)
    ADD_FAILURE();
}

TEST(Json, DecodesStrings) {
  EXPECT_EQ(parsed(R"("a\"\\\/\b\f\n\r\tA")").asString(), "a\"\\/\b\f\n\r\tA");
  EXPECT_EQ(parsed(R"("\u0041\u00e9\u20ac\ud83d\ude00")").asString(), "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(parsed(R"("\ud83d!")").asString(), "\xef\xbf\xbd!");
  EXPECT_EQ(parsed(R"({"\u0061":1})").find("a")->asInteger(), 1);
}

TEST(Json, TakesTheLastOfEqualKeys) { EXPECT_EQ(parsed(R"({"a":1,"a":2})").find("a")->asInteger(), 2); }

TEST(Json, Integers) {
  EXPECT_EQ(parsed("9223372036854775807").asInteger(), INT64_MAX);
  EXPECT_FALSE(parsed("9223372036854775808").asInteger());
  EXPECT_FALSE(parsed("1.0").asInteger());
  EXPECT_EQ(parsed("1e999").asNumber(), INFINITY);
}

TEST(Json, SaysWhatIsWrong) {
  EXPECT_EQ(errorOf(""), "expected a value at byte 0");
  EXPECT_EQ(errorOf("{\"a\" 1}"), "expected ':' at byte 5");
  EXPECT_EQ(errorOf("[1 2]"), "expected ',' or ']' at byte 3");
  EXPECT_EQ(errorOf("[1,]"), "expected a value at byte 3");
  EXPECT_EQ(errorOf("{\"a\":1"), "expected ',' or '}' at byte 6");
  EXPECT_EQ(errorOf("{\"a\":1,}"), "expected a string at byte 7");
  EXPECT_EQ(errorOf("\"a"), "string without an end at byte 2");
  EXPECT_EQ(errorOf("\"\n\""), "control character in a string at byte 1");
  EXPECT_EQ(errorOf("\"\\x\""), "bad escape in a string at byte 1");
  EXPECT_EQ(errorOf("\"\\u12g4\""), "bad escape in a string at byte 1");
  EXPECT_EQ(errorOf("\"\xc0\x80\""), "bad UTF-8 in a string at byte 1");
  EXPECT_EQ(errorOf("\"\xed\xa0\x80\""), "bad UTF-8 in a string at byte 1");
  EXPECT_EQ(errorOf("01"), "number with a leading zero at byte 0");
  EXPECT_EQ(errorOf("1.e"), "expected a digit at byte 2");
  EXPECT_EQ(errorOf("nul"), "expected a value at byte 0");
  EXPECT_EQ(errorOf("1 1"), "text after the end at byte 2");
}

TEST(Json, DepthIsBounded) {
  EXPECT_EQ(errorOf(std::string(1000000, '[')), "values nested deeper than 64 at byte 64");
  parsed(std::string(64, '[') + std::string(64, ']'));
}
