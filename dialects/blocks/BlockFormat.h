// The block formats of quantized weights, each described once as data: where the integers of a block lie, bit for bit,
// and how they become numbers. Readers size tensors by it, the reference interpreter evaluates it, code generation
// unpacks and repacks by it; nothing else in the tree knows a layout.
//
// A block of `elements` numbers takes `bytes` bytes. Element i is
//   scale * groupScale(i / group) * quant(i) + minimum(i)
// where quant is an integer (looked up in `table` when there is one), groupScale an integer per `group` elements or
// absent, and minimum is the block's `minimum`, or -minimum * groupMinimum(i / group), or absent. Products are formed
// from the left in f32, which is what makes the result the same to the last bit wherever it is computed.
#ifndef TENSEL_DIALECTS_BLOCKS_BLOCKFORMAT_H
#define TENSEL_DIALECTS_BLOCKS_BLOCKFORMAT_H

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace tensel::blocks {

/// One digit of an index, and how far each step of it moves in bytes and in bits within the byte.
struct Digit {
  uint16_t count = 1;
  uint8_t bytes = 0, bits = 0;
};

/// Some bits of every integer of a field: `width` bits at bit `shift` of byte `byte`, for index 0; the index is written in
/// mixed radix (`digits`, the last is the fastest) and each digit moves the place. They become bits `to`... of the integer.
struct Piece {
  uint8_t width = 0, byte = 0, shift = 0, to = 0;
  std::array<Digit, 4> digits = {};

  struct Place {
    unsigned byte, shift;
  };
  /// Where the bits of integer `index` start.
  Place at(unsigned index) const;
};

/// Integers packed into a block: the sum of their pieces, sign-extended from 8 bits when `isSigned`, less `bias`.
struct Field {
  uint16_t count = 0; ///< 0: the format has no such field
  std::array<Piece, 2> pieces = {};
  bool isSigned = false;
  uint8_t bias = 0;

  explicit constexpr operator bool() const { return count != 0; }
  int32_t get(const uint8_t *block, unsigned index) const;
};

/// A number that a whole block shares.
struct Shared {
  enum Kind : uint8_t {
    None,
    F16,      ///< two bytes
    E8M0Half, ///< one byte e: 2^(e - 128)
  };
  Kind kind = None;
  uint8_t byte = 0;

  explicit constexpr operator bool() const { return kind != None; }
  float get(const uint8_t *block) const;
};

struct BlockFormat {
  std::string_view name; ///< lower case, as in GGUF's type names: "q4_0"
  uint16_t elements, bytes;
  Shared scale, minimum = {};
  Field quants;
  uint16_t group = 0; ///< elements per group scale, 0 without
  Field groupScales = {}, groupMinima = {};
  std::span<const int8_t> table = {};

  /// Writes `elements` numbers.
  void dequantize(const uint8_t *block, float *to) const;
  /// The same with products and sums in f64.
  void dequantize(const uint8_t *block, double *to) const;
};

/// All formats, in a fixed order.
std::span<const BlockFormat> blockFormats();
/// Null for names that are none.
const BlockFormat *findBlockFormat(std::string_view name);

} // namespace tensel::blocks

#endif // TENSEL_DIALECTS_BLOCKS_BLOCKFORMAT_H
