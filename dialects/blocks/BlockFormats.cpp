// The table of formats: GGUF's legacy and K formats, IQ4_NL and MXFP4. Bit layouts are given as index digits, see
// BlockFormat.h; {2, 32, 0}, {4, 0, 2}, {32, 1, 0} reads "two halves 32 bytes apart, each four 2-bit planes of 32 bytes".
#include "dialects/blocks/BlockFormat.h"

using namespace tensel::blocks;

// Values of 4-bit codes: non-linear steps of IQ4_NL, and twice the values of FP4 (E2M1).
static constexpr int8_t iq4Table[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
static constexpr int8_t fp4Table[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// 32 nibbles in 16 bytes, the low ones first.
static constexpr Piece nibbles32(uint8_t byte) { return {4, byte, 0, 0, {{{2, 0, 4}, {16, 1, 0}}}}; }
/// One bit each of 32 elements, in order.
static constexpr Piece bits32(uint8_t byte, uint8_t to) { return {1, byte, 0, to, {{{4, 1, 0}, {8, 0, 1}}}}; }
/// 2 bits each of 256 elements, 32 bytes hold 4 planes of 32.
static constexpr Piece pairs256(uint8_t byte, uint8_t to) { return {2, byte, 0, to, {{{2, 32, 0}, {4, 0, 2}, {32, 1, 0}}}}; }
/// 256 nibbles, 32 bytes hold 2 planes of 32.
static constexpr Piece nibbles256(uint8_t byte) { return {4, byte, 0, 0, {{{4, 32, 0}, {2, 0, 4}, {32, 1, 0}}}}; }
/// One bit each of 256 elements: 8 planes over the same 32 bytes.
static constexpr Piece bits256(uint8_t byte, uint8_t to) { return {1, byte, 0, to, {{{8, 0, 1}, {32, 1, 0}}}}; }

/// Eight 6-bit scales and eight 6-bit minima in 12 bytes at byte 4 (Q4_K, Q5_K).
static constexpr Field scales6{8, {{{4, 4, 0, 0, {{{2, 8, 0}, {4, 1, 0}}}}, {2, 4, 4, 4, {{{2, 0, 2}, {4, 1, 0}}}}}}};
static constexpr Field minima6{8, {{{4, 8, 0, 0, {{{2, 4, 4}, {4, 1, 0}}}}, {2, 8, 4, 4, {{{2, 0, 2}, {4, 1, 0}}}}}}};

static constexpr Shared half(uint8_t byte) { return {Shared::F16, byte}; }

static constexpr BlockFormat formats[] = {
    {.name = "q4_0", .elements = 32, .bytes = 18, .scale = half(0), .quants = {32, {{nibbles32(2)}}, false, 8}},
    {.name = "q4_1", .elements = 32, .bytes = 20, .scale = half(0), .minimum = half(2), .quants = {32, {{nibbles32(4)}}}},
    {.name = "q5_0", .elements = 32, .bytes = 22, .scale = half(0), .quants = {32, {{nibbles32(6), bits32(2, 4)}}, false, 16}},
    {.name = "q5_1",
     .elements = 32,
     .bytes = 24,
     .scale = half(0),
     .minimum = half(2),
     .quants = {32, {{nibbles32(8), bits32(4, 4)}}}},
    {.name = "q8_0",
     .elements = 32,
     .bytes = 34,
     .scale = half(0),
     .quants = {32, {{{8, 2, 0, 0, {{{32, 1, 0}}}}}}, /*isSigned=*/true}},
    {.name = "q2_k",
     .elements = 256,
     .bytes = 84,
     .scale = half(80),
     .minimum = half(82),
     .quants = {256, {{pairs256(16, 0)}}},
     .group = 16,
     .groupScales = {16, {{{4, 0, 0, 0, {{{16, 1, 0}}}}}}},
     .groupMinima = {16, {{{4, 0, 4, 0, {{{16, 1, 0}}}}}}}},
    // The high bits are inverted in sense: a clear one takes 4 off.
    {.name = "q3_k",
     .elements = 256,
     .bytes = 110,
     .scale = half(108),
     .quants = {256, {{pairs256(32, 0), bits256(0, 2)}}, false, 4},
     .group = 16,
     .groupScales = {16, {{{4, 96, 0, 0, {{{2, 0, 4}, {8, 1, 0}}}}, {2, 104, 0, 4, {{{4, 0, 2}, {4, 1, 0}}}}}}, false, 32}},
    {.name = "q4_k",
     .elements = 256,
     .bytes = 144,
     .scale = half(0),
     .minimum = half(2),
     .quants = {256, {{nibbles256(16)}}},
     .group = 32,
     .groupScales = scales6,
     .groupMinima = minima6},
    {.name = "q5_k",
     .elements = 256,
     .bytes = 176,
     .scale = half(0),
     .minimum = half(2),
     .quants = {256, {{nibbles256(48), bits256(16, 4)}}},
     .group = 32,
     .groupScales = scales6,
     .groupMinima = minima6},
    {.name = "q6_k",
     .elements = 256,
     .bytes = 210,
     .scale = half(208),
     .quants = {256, {{{4, 0, 0, 0, {{{2, 64, 0}, {2, 0, 4}, {64, 1, 0}}}}, pairs256(128, 4)}}, false, 32},
     .group = 16,
     .groupScales = {16, {{{8, 192, 0, 0, {{{16, 1, 0}}}}}}, /*isSigned=*/true}},
    {.name = "iq4_nl", .elements = 32, .bytes = 18, .scale = half(0), .quants = {32, {{nibbles32(2)}}}, .table = iq4Table},
    {.name = "mxfp4",
     .elements = 32,
     .bytes = 17,
     .scale = {Shared::E8M0Half, 0},
     .quants = {32, {{nibbles32(1)}}},
     .table = fp4Table},
};

std::span<const BlockFormat> tensel::blocks::blockFormats() { return formats; }

const BlockFormat *tensel::blocks::findBlockFormat(std::string_view name) {
  for (const BlockFormat &format : formats)
    if (format.name == name)
      return &format;
  return nullptr;
}
