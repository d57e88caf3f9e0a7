// The description of every block format against what the gguf package says
// random blocks mean, to the last bit (Inputs/, written by make_inputs.py).
#include "dialects/blocks/BlockFormat.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <vector>

using namespace tensel::blocks;

static std::vector<char> readInput(std::string_view name) {
  std::ifstream file(std::string(TENSEL_TEST_INPUTS "/") + std::string(name) + ".bin", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(BlockFormat, MeansWhatTheGgufPackageSays) {
  for (const BlockFormat &format : blockFormats()) {
    std::vector<char> input = readInput(format.name);
    uint32_t count = 0;
    ASSERT_GE(input.size(), sizeof(count)) << format.name;
    std::memcpy(&count, input.data(), sizeof(count));
    ASSERT_EQ(input.size(), sizeof(count) + count * (size_t(format.bytes) + format.elements * sizeof(float))) << format.name;
    const auto *blocks = reinterpret_cast<const uint8_t *>(input.data()) + sizeof(count);
    const char *expected = input.data() + sizeof(count) + size_t(count) * format.bytes;
    std::vector<float> found(format.elements), wanted(format.elements);
    for (uint32_t i = 0; i < count; ++i) {
      format.dequantize(blocks + size_t(i) * format.bytes, found.data());
      std::memcpy(wanted.data(), expected + i * format.elements * sizeof(float), format.elements * sizeof(float));
      for (unsigned e = 0; e < format.elements; ++e)
        ASSERT_EQ(std::bit_cast<uint32_t>(found[e]), std::bit_cast<uint32_t>(wanted[e]))
            << format.name << ", block " << i << ", element " << e << ": " << found[e] << ", expected " << wanted[e];
    }
  }
}

TEST(BlockFormat, DoublesAreCloseToFloats) {
  for (const BlockFormat &format : blockFormats()) {
    std::vector<char> input = readInput(format.name);
    const auto *block = reinterpret_cast<const uint8_t *>(input.data()) + sizeof(uint32_t);
    std::vector<float> floats(format.elements);
    std::vector<double> doubles(format.elements);
    format.dequantize(block, floats.data());
    format.dequantize(block, doubles.data());
    double largest = 0;
    for (float number : floats)
      largest = std::max(largest, std::fabs(double(number)));
    for (unsigned e = 0; e < format.elements; ++e)
      EXPECT_NEAR(floats[e], doubles[e], largest * 4e-7) << format.name;
  }
}

/// Every bit of a block belongs to exactly one integer or shared number.
TEST(BlockFormat, FieldsCoverEachBitOnce) {
  for (const BlockFormat &format : blockFormats()) {
    std::vector<int> uses(format.bytes * 8u);
    auto use = [&](unsigned byte, unsigned shift, unsigned width) {
      ASSERT_LE(shift + width, 8u) << format.name;
      ASSERT_LT(byte, format.bytes) << format.name;
      for (unsigned b = 0; b < width; ++b)
        ++uses[byte * 8 + shift + b];
    };
    for (const Shared &shared : {format.scale, format.minimum})
      for (unsigned b = 0; b < (shared.kind == Shared::F16 ? 2u : shared.kind == Shared::E8M0Half ? 1u : 0u); ++b)
        use(shared.byte + b, 0, 8);
    for (const Field &field : {format.quants, format.groupScales, format.groupMinima})
      for (const Piece &piece : field.pieces) {
        unsigned product = 1;
        for (const Digit &digit : piece.digits)
          product *= digit.count;
        if (piece.width)
          EXPECT_EQ(product, field.count) << format.name;
        for (unsigned i = 0; piece.width && i < field.count; ++i) {
          unsigned byte = piece.byte, shift = piece.shift, rest = i;
          for (size_t d = piece.digits.size(); d-- > 0; rest /= piece.digits[d].count) {
            byte += rest % piece.digits[d].count * piece.digits[d].bytes;
            shift += rest % piece.digits[d].count * piece.digits[d].bits;
          }
          use(byte, shift, piece.width);
        }
      }
    for (size_t bit = 0; bit < uses.size(); ++bit)
      ASSERT_EQ(uses[bit], 1) << format.name << ", bit " << bit % 8 << " of byte " << bit / 8;
  }
}

TEST(BlockFormat, NamesAreFound) {
  EXPECT_EQ(findBlockFormat("q6_k")->bytes, 210);
  EXPECT_EQ(findBlockFormat("q9_9"), nullptr);
}
