// Strips hold the numbers of the blocks that they were packed from: same integers, same factors.
#include "dialects/blocks/PackedFormat.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace tensel::blocks;

TEST(PackedFormat, ReadsBackWhatItPacked) {
  std::mt19937 random(7);
  for (const BlockFormat &format : blockFormats()) {
    const PackedFormat packed(format);
    const size_t blocks = 3;
    const unsigned rows = 13; // a strip that is not full
    std::vector<uint8_t> bytes(rows * blocks * format.bytes), strip(blocks * packed.tileBytes());
    for (uint8_t &byte : bytes)
      byte = static_cast<uint8_t>(random());
    packed.pack(bytes.data(), rows, blocks * format.bytes, blocks, strip.data());
    std::vector<double> expected(format.elements);
    PackedFormat::Block found;
    for (unsigned row = 0; row < rows; ++row)
      for (size_t b = 0; b < blocks; ++b) {
        format.dequantize(bytes.data() + (row * blocks + b) * format.bytes, expected.data());
        packed.read(&strip[b * packed.tileBytes()], row, found);
        for (unsigned i = 0; i < format.elements; ++i) {
          const double number = found.scales[i / packed.group] * found.quants[i] + found.minima[i / packed.group];
          if (std::isfinite(expected[i]))
            ASSERT_NEAR(number, expected[i], std::fabs(expected[i]) * 1e-6 + std::fabs(found.minima[i / packed.group]) * 1e-6)
                << format.name << ", row " << row << ", block " << b << ", element " << i;
        }
      }
    for (size_t b = 0; b < blocks; ++b) {
      packed.read(&strip[b * packed.tileBytes()], rows, found);
      EXPECT_EQ(found.scales[0], format.scale.kind == Shared::F16 ? 0 : std::ldexp(1.0, -128)) << format.name;
    }
  }
}

/// Formats of one scale need no more bytes packed than in the file.
TEST(PackedFormat, TakesTheBytesOfTheFile) {
  for (const BlockFormat &format : blockFormats()) {
    const PackedFormat packed(format);
    if (!format.group)
      EXPECT_EQ(packed.tileBytes(), stripRows * format.bytes) << format.name;
    else
      EXPECT_LE(packed.tileBytes(), stripRows * format.bytes * 6 / 5) << format.name;
  }
}
