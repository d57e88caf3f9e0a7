// Stop strings in a stream of pieces.
#include "runtime/llm/StopStrings.h"

#include <gtest/gtest.h>

using namespace tensel::text;

TEST(StopStrings, HoldsBackWhatMayBeOne) {
  StopStrings stop({"</s>", "<end>"});
  EXPECT_EQ(stop.add("abc<"), "abc");
  EXPECT_EQ(stop.add("/"), "");
  EXPECT_EQ(stop.add("b"), "</b");
  EXPECT_EQ(stop.add("x<en"), "x");
  EXPECT_EQ(stop.add("d>more"), "");
  EXPECT_TRUE(stop.stopped());
  EXPECT_EQ(stop.add("more"), "");
  EXPECT_EQ(stop.finish(), "");
}

TEST(StopStrings, TakesTheFirst) {
  StopStrings stop({"bb", "ab"});
  EXPECT_EQ(stop.add("xabb"), "x");
  EXPECT_TRUE(stop.stopped());
}

TEST(StopStrings, GivesTheRest) {
  StopStrings stop({"", "abc"});
  EXPECT_EQ(stop.add("xab"), "x");
  EXPECT_EQ(stop.finish(), "ab");
  EXPECT_FALSE(stop.stopped());
}
