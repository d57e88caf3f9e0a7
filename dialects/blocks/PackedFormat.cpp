// Packs rows of blocks into strips and reads them back, element by element; see PackedFormat.h.
#include "dialects/blocks/PackedFormat.h"

#include <cstring>

using namespace tensel::blocks;

PackedFormat::PackedFormat(const BlockFormat &format) : format(format) {
  for (const Piece &piece : format.quants.pieces) {
    if (!piece.width)
      continue;
    planes.push_back({piece.width, piece.to, chunkLines});
    chunkLines += piece.width;
    codeBits += piece.width;
  }
  size_t next = 0;
  for (const Piece &piece : format.quants.pieces) {
    if (!piece.width)
      continue;
    const Plane &plane = planes[next++];
    for (unsigned i = 0; i < format.elements; ++i) {
      const Piece::Place from = piece.at(i);
      const unsigned four = i % chunkElements / 4, line = i / chunkElements * chunkLines + plane.line + four % plane.width;
      parts.push_back({static_cast<uint16_t>(from.byte), static_cast<uint16_t>(line * lineBytes + i % 4),
                       static_cast<uint16_t>(i), static_cast<uint8_t>(from.shift),
                       static_cast<uint8_t>(four / plane.width * plane.width), static_cast<uint8_t>((1u << plane.width) - 1),
                       plane.to});
    }
  }
  // Signed codes are kept with their sign bit turned, which adds 128.
  codeBias = !format.table.empty() || format.quants.isSigned ? 128 : format.quants.bias;
  group = format.group ? format.group : chunkElements;
  scaleBytes = stripRows * (format.scale.kind == Shared::F16 ? 2 : 1);
}

namespace {
/// The factors of one row are every 16th number.
void spread(const uint8_t *from, unsigned bytes, unsigned row, uint8_t *to) { std::memcpy(to + row * bytes, from, bytes); }
} // namespace

void PackedFormat::pack(const uint8_t *from, unsigned rows, size_t stride, size_t blocks, uint8_t *strip) const {
  std::memset(strip, 0, blocks * tileBytes());
  const uint8_t turned = format.quants.isSigned ? 0x80 : 0;
  for (unsigned row = 0; row < rows; ++row)
    for (size_t b = 0; b < blocks; ++b) {
      const uint8_t *block = from + row * stride + b * format.bytes;
      uint8_t *lines = strip + b * tileBytes() + 4 * row, *factors = strip + b * tileBytes() + planeBytes();
      for (const Part &part : parts)
        lines[part.to] |= static_cast<uint8_t>(((block[part.from] ^ turned) >> part.fromShift & part.mask) << part.toShift);
      spread(block + format.scale.byte, scaleBytes / stripRows, row, factors);
      if (format.minimum)
        spread(block + format.minimum.byte, 2, row, factors + minimumOffset());
      for (unsigned g = 0; g < groups(); ++g) {
        factors[groupScalesOffset() + g * stripRows + row] = static_cast<uint8_t>(format.groupScales.get(block, g));
        if (format.groupMinima)
          factors[groupMinimaOffset() + g * stripRows + row] = static_cast<uint8_t>(format.groupMinima.get(block, g));
      }
    }
}

void PackedFormat::read(const uint8_t *tile, unsigned row, Block &to) const {
  const uint8_t *factors = tile + planeBytes();
  to.quants = {};
  for (const Part &part : parts)
    to.quants[part.element] |= (tile[part.to + 4 * row] >> part.toShift & part.mask) << part.codeShift;
  for (unsigned i = 0; i < format.elements; ++i)
    to.quants[i] = static_cast<int32_t>(lookUp(static_cast<unsigned>(to.quants[i]))) - static_cast<int32_t>(codeBias);
  const auto shared = [&](const Shared &kind, unsigned offset, unsigned bytes) {
    return Shared{kind.kind, 0}.get(factors + offset + row * bytes);
  };
  const float scale = shared(format.scale, 0, scaleBytes / stripRows);
  const float minimum = format.minimum ? shared(format.minimum, minimumOffset(), 2) : 0;
  for (unsigned g = 0; g < format.elements / group; ++g) {
    const auto at = [&](unsigned offset) { return static_cast<int8_t>(factors[offset + g * stripRows + row]); };
    to.scales[g] = format.group ? scale * static_cast<float>(at(groupScalesOffset())) : scale;
    to.minima[g] = format.groupMinima ? -minimum * static_cast<float>(at(groupMinimaOffset())) : minimum;
  }
}
