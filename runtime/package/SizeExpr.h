// Size expressions: the bytes of a planned value as a function of the shape symbols, kept in the package as pairs
// (op, arg) of int64 in reverse Polish notation. The compiler builds them, the runtime evaluates them when a session
// is made. All arithmetic is checked.
#ifndef TENSEL_RUNTIME_PACKAGE_SIZEEXPR_H
#define TENSEL_RUNTIME_PACKAGE_SIZEEXPR_H

#include <cstddef>
#include <cstdint>

namespace tensel::rt {

/// What an (op, arg) pair does. Operators take the two topmost values (left below right); their arg is 0.
enum class SizeOp : int64_t {
  Const = 0,  // push arg
  Symbol = 1, // push the value of symbol arg
  Add = 2,
  Mul = 3,
  FloorDiv = 4, // towards minus infinity
  CeilDiv = 5,  // towards plus infinity
  Sub = 6,
  Max = 7,
  Min = 8,
  Mod = 9 // the sign of the right side
};

inline constexpr size_t maxSizeExprDepth = 64;

enum class SizeExprResult {
  Ok,
  Malformed, // odd length, unknown op, stack under- or overflow, symbol that does not exist, not one value left
  Arithmetic // overflow or division by zero
};

/// Evaluates `length` int64 words. Reads `symbols[0..symbolCount)`.
SizeExprResult evalSizeExpr(const int64_t *words, size_t length, const int64_t *symbols, size_t symbolCount, int64_t &result);

/// Whether the expression is well formed over symbolCount symbols.
bool isWellFormedSizeExpr(const int64_t *words, size_t length, size_t symbolCount);

/// Whether the expression reads the symbol.
bool readsSymbol(const int64_t *words, size_t length, int64_t symbol);

} // namespace tensel::rt
#endif
