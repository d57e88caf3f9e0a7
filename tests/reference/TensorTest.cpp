// Element kinds and conversions of host tensors.
#include "compiler/reference/Tensor.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace tensel::reference;

namespace {

TEST(Tensor, HalfRoundsToNearestEven) {
  EXPECT_EQ(roundTo(Kind::F16, 1.0), 1.0);
  EXPECT_EQ(roundTo(Kind::F16, 1 + 0x1p-11), 1.0);
  EXPECT_EQ(roundTo(Kind::F16, 1 + 3 * 0x1p-11), 1 + 0x1p-9);
  EXPECT_EQ(roundTo(Kind::F16, 65504), 65504);
  EXPECT_EQ(roundTo(Kind::F16, 65519), 65504);
  EXPECT_TRUE(std::isinf(roundTo(Kind::F16, 65520)));
  EXPECT_EQ(roundTo(Kind::F16, 0x1p-24), 0x1p-24);
  EXPECT_EQ(roundTo(Kind::F16, 0x1p-25), 0);
  EXPECT_EQ(roundTo(Kind::F16, -3 * 0x1p-25), -2 * 0x1p-24);
  EXPECT_TRUE(std::isnan(roundTo(Kind::F16, NAN)));
}

TEST(Tensor, BFloatKeepsEightBits) {
  EXPECT_EQ(roundTo(Kind::BF16, 3.14159), 3.140625);
  EXPECT_EQ(roundTo(Kind::BF16, 1e38), 0x1.2cp126);
  EXPECT_TRUE(std::isinf(roundTo(Kind::BF16, 3.4e38)));
}

TEST(Tensor, HalfBitsAreIeee) {
  Tensor tensor = Tensor::of(Kind::F16, {3}, llvm::ArrayRef<double>({1.0, -2.0, 0x1p-24}));
  uint16_t bits[3];
  std::memcpy(bits, tensor.getData(), sizeof(bits));
  EXPECT_EQ(bits[0], 0x3c00);
  EXPECT_EQ(bits[1], 0xc000);
  EXPECT_EQ(bits[2], 0x0001);
}

TEST(Tensor, IntegersWrapAndExtend) {
  Tensor bytes = Tensor::of(Kind::I8, {3}, llvm::ArrayRef<int64_t>({127, 128, -1}));
  EXPECT_EQ(bytes.getInt(1), -128);
  EXPECT_EQ(bytes.getInt(2), -1);
  Tensor unsignedBytes = Tensor::of(Kind::U8, {2}, llvm::ArrayRef<int64_t>({255, 256}));
  EXPECT_EQ(unsignedBytes.getInt(0), 255);
  EXPECT_EQ(unsignedBytes.getInt(1), 0);
}

TEST(Tensor, CountsAreBounded) {
  EXPECT_EQ(Tensor::countOf({2, 3}), 6);
  EXPECT_EQ(Tensor::countOf({int64_t(1) << 60, 0, int64_t(1) << 60}), 0);
  EXPECT_FALSE(Tensor::countOf({int64_t(1) << 40, int64_t(1) << 40}));
  EXPECT_FALSE(Tensor::countOf({-1}));
}

} // namespace
