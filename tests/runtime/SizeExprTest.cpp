// Size expressions: every operator, its signs, and everything malformed.
#include "runtime/package/SizeExpr.h"

#include <gtest/gtest.h>
#include <optional>
#include <vector>

using namespace tensel::rt;

static const std::vector<int64_t> symbols = {7, 3};

static std::optional<int64_t> eval(std::vector<int64_t> words) {
  int64_t result;
  if (evalSizeExpr(words.data(), words.size(), symbols.data(), symbols.size(), result) != SizeExprResult::Ok)
    return std::nullopt;
  return result;
}

static std::optional<int64_t> binary(SizeOp op, int64_t left, int64_t right) { return eval({0, left, 0, right, int64_t(op), 0}); }

TEST(SizeExpr, Operators) {
  EXPECT_EQ(eval({1, 0, 1, 1, 3, 0, 0, 4, 3, 0}), 84); // N * M * 4
  EXPECT_EQ(binary(SizeOp::Add, 2, 3), 5);
  EXPECT_EQ(binary(SizeOp::Sub, 2, 3), -1);
  EXPECT_EQ(binary(SizeOp::Max, 2, 3), 3);
  EXPECT_EQ(binary(SizeOp::Min, 2, 3), 2);
  EXPECT_EQ(binary(SizeOp::FloorDiv, 7, 2), 3);
  EXPECT_EQ(binary(SizeOp::FloorDiv, -7, 2), -4);
  EXPECT_EQ(binary(SizeOp::FloorDiv, 7, -2), -4);
  EXPECT_EQ(binary(SizeOp::CeilDiv, 7, 2), 4);
  EXPECT_EQ(binary(SizeOp::CeilDiv, -7, 2), -3);
  EXPECT_EQ(binary(SizeOp::CeilDiv, 6, 2), 3);
  EXPECT_EQ(binary(SizeOp::Mod, 7, 4), 3);
  EXPECT_EQ(binary(SizeOp::Mod, -7, 4), 1);
  EXPECT_EQ(binary(SizeOp::Mod, 7, -4), -1);
}

TEST(SizeExpr, ArithmeticIsChecked) {
  EXPECT_EQ(binary(SizeOp::Add, INT64_MAX, 1), std::nullopt);
  EXPECT_EQ(binary(SizeOp::Sub, INT64_MIN, 1), std::nullopt);
  EXPECT_EQ(binary(SizeOp::Mul, INT64_MAX, 2), std::nullopt);
  for (SizeOp op : {SizeOp::FloorDiv, SizeOp::CeilDiv, SizeOp::Mod}) {
    EXPECT_EQ(binary(op, 1, 0), std::nullopt);
    EXPECT_EQ(binary(op, INT64_MIN, -1), std::nullopt);
  }
}

TEST(SizeExpr, MalformedIsRefused) {
  std::vector<int64_t> deep, tooDeep;
  for (size_t i = 0; i < maxSizeExprDepth; ++i)
    deep.insert(deep.end(), {0, 1});
  tooDeep = deep;
  tooDeep.insert(tooDeep.end(), {0, 1});
  for (size_t i = 1; i < maxSizeExprDepth; ++i)
    deep.insert(deep.end(), {2, 0});
  for (size_t i = 0; i < maxSizeExprDepth; ++i)
    tooDeep.insert(tooDeep.end(), {2, 0});
  EXPECT_EQ(eval(deep), int64_t(maxSizeExprDepth));
  std::vector<std::vector<int64_t>> malformed = {{},     {0},     {0, 1, 0}, {2, 0},  {0, 1, 2, 0},       {0, 1, 0, 2},
                                                 {1, 2}, {1, -1}, {10, 0},   {-1, 0}, {0, 1, 0, 1, 2, 5}, tooDeep};
  for (const auto &words : malformed) {
    EXPECT_EQ(eval(words), std::nullopt);
    EXPECT_FALSE(isWellFormedSizeExpr(words.data(), words.size(), symbols.size()));
  }
}

TEST(SizeExpr, ReadsSymbol) {
  std::vector<int64_t> words = {0, 1, 1, 0, 2, 0};
  EXPECT_TRUE(readsSymbol(words.data(), words.size(), 0));
  EXPECT_FALSE(readsSymbol(words.data(), words.size(), 1));
}
