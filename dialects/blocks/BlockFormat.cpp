// Evaluates the description of a block format; see BlockFormat.h. This is the definition of what a block means, written
// for clarity; it is not what runs in compiled programs.
#include "dialects/blocks/BlockFormat.h"

#include <cmath>
#include <limits>

using namespace tensel::blocks;

Piece::Place Piece::at(unsigned index) const {
  Place place = {byte, shift};
  for (size_t d = digits.size(); d-- > 0; index /= digits[d].count) {
    place.byte += index % digits[d].count * digits[d].bytes;
    place.shift += index % digits[d].count * digits[d].bits;
  }
  return place;
}

int32_t Field::get(const uint8_t *block, unsigned index) const {
  uint32_t value = 0;
  for (const Piece &piece : pieces) {
    const Piece::Place place = piece.at(index);
    value |= (static_cast<uint32_t>(block[place.byte]) >> place.shift & ((1u << piece.width) - 1)) << piece.to;
  }
  int32_t number = isSigned ? static_cast<int8_t>(value) : static_cast<int32_t>(value);
  return number - bias;
}

float Shared::get(const uint8_t *block) const {
  if (kind == E8M0Half)
    return std::ldexp(1.0f, block[byte] - 128);
  unsigned bits = block[byte] | block[byte + 1] << 8;
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  float sign = bits >> 15 ? -1.0f : 1.0f;
  if (exponent == 31)
    return fraction ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
  // Subnormals have the lowest exponent and no hidden bit.
  return sign * std::ldexp(static_cast<float>(exponent ? fraction | 1024 : fraction), (exponent ? exponent : 1) - 25);
}

template <typename T>
static void dequantizeAs(const BlockFormat &format, const uint8_t *block, T *to) {
  T scale = format.scale.get(block), minimum = format.minimum ? T(format.minimum.get(block)) : T(0);
  for (unsigned i = 0; i < format.elements; ++i) {
    int32_t code = format.quants.get(block, i);
    T quant = format.table.empty() ? T(code) : T(format.table[code]);
    T step = format.group ? scale * T(format.groupScales.get(block, i / format.group)) : scale;
    to[i] = step * quant;
    if (format.groupMinima)
      to[i] -= minimum * T(format.groupMinima.get(block, i / format.group));
    else if (format.minimum)
      to[i] += minimum;
  }
}

void BlockFormat::dequantize(const uint8_t *block, float *to) const { dequantizeAs(*this, block, to); }
void BlockFormat::dequantize(const uint8_t *block, double *to) const { dequantizeAs(*this, block, to); }
