// The layout in which products read a quantized weight: 16 rows of the weight, which are 16 columns of the product, side
// by side, so that one vector register holds four neighbouring numbers of each. It is a permutation of the file's bits
// (group scales are widened to bytes), derived from the format's description; nothing is rounded or decoded.
//
// A strip is 16 rows. It is a row of tiles, each 16 blocks, one of each row: the planes of their codes, then their factors, so
// that a product reads a strip, and the strips behind it, from front to back.
//   planes of a tile     per chunk of 32 elements and per piece of the code of `width` bits: `width` lines of 64 bytes.
//                        Line l, byte 4 * row + j, bits [s * width, (s + 1) * width) are the piece of element
//                        4 * (s * width + l) + j of the chunk: eight groups of four elements in `width` lines
//   factors of a tile    16 scales, 16 minima (if any), then per group 16 group scales, then per group 16 group minima
#ifndef TENSEL_DIALECTS_BLOCKS_PACKEDFORMAT_H
#define TENSEL_DIALECTS_BLOCKS_PACKEDFORMAT_H

#include "dialects/blocks/BlockFormat.h"

#include <vector>

namespace tensel::blocks {

constexpr unsigned stripRows = 16, chunkElements = 32, lineBytes = 64;

/// Bits [to, to + width) of the codes, in lines of the planes from `line` of a chunk on.
struct Plane {
  uint8_t width, to;
  unsigned line;
};

struct PackedFormat {
  explicit PackedFormat(const BlockFormat &format);

  const BlockFormat &format;
  std::vector<Plane> planes;
  /// Lines of all planes of a chunk.
  unsigned chunkLines = 0;
  /// Codes are 0 ... 2^codeBits - 1; `codeBias` less (after the table, biased by it, has been looked up) is the quant.
  unsigned codeBits = 0, codeBias = 0;
  /// Elements that share a scale.
  unsigned group = 0;
  /// Bytes of 16 scales.
  unsigned scaleBytes = 0;

  unsigned chunks() const { return format.elements / chunkElements; }
  unsigned groups() const { return format.group ? format.elements / format.group : 0; }
  unsigned planeBytes() const { return chunks() * chunkLines * lineBytes; }
  // Offsets in a tile's factors.
  unsigned minimumOffset() const { return scaleBytes; }
  unsigned groupScalesOffset() const { return scaleBytes + (format.minimum ? 2 * stripRows : 0); }
  unsigned groupMinimaOffset() const { return groupScalesOffset() + groups() * stripRows; }
  unsigned factorBytes() const { return groupMinimaOffset() + (format.groupMinima ? groups() * stripRows : 0); }
  /// Bytes of a tile.
  unsigned tileBytes() const { return planeBytes() + factorBytes(); }
  /// The table's entry for a code, not negative; the code itself without a table.
  unsigned lookUp(unsigned code) const { return format.table.empty() ? code : static_cast<unsigned>(format.table[code] + 128); }

  /// Packs `rows` <= 16 rows of `blocks` blocks, `stride` bytes apart, into a strip of blocks * tileBytes() bytes; rows that
  /// are missing count as zeros.
  void pack(const uint8_t *from, unsigned rows, size_t stride, size_t blocks, uint8_t *strip) const;

  /// The code of element i of a row is spread over planes: where each part of it comes from in a block of the file (after
  /// signed codes had their top bit turned), and where it goes in the planes of a block, for row 0 (row r: 4 * r bytes on).
  struct Part {
    uint16_t from, to, element;
    uint8_t fromShift, toShift, mask, codeShift;
  };
  std::vector<Part> parts;

  /// One block of a tile, that of a row: element i is scales[i / group] * quants[i] + minima[i / group].
  struct Block {
    std::array<int32_t, 256> quants;
    std::array<double, 16> scales, minima;
  };
  void read(const uint8_t *tile, unsigned row, Block &to) const;
};

} // namespace tensel::blocks

#endif // TENSEL_DIALECTS_BLOCKS_PACKEDFORMAT_H
