// Evaluation of size expressions, see SizeExpr.h.
#include "runtime/package/SizeExpr.h"

using namespace tensel::rt;

/// Applies an operator; false on overflow or division by zero.
static bool apply(SizeOp op, int64_t left, int64_t right, int64_t &result) {
  switch (op) {
  case SizeOp::Add:
    return !__builtin_add_overflow(left, right, &result);
  case SizeOp::Mul:
    return !__builtin_mul_overflow(left, right, &result);
  case SizeOp::Sub:
    return !__builtin_sub_overflow(left, right, &result);
  case SizeOp::Max:
    result = left > right ? left : right;
    return true;
  case SizeOp::Min:
    result = left < right ? left : right;
    return true;
  case SizeOp::FloorDiv:
  case SizeOp::CeilDiv:
  case SizeOp::Mod: {
    if (right == 0 || (right == -1 && left == INT64_MIN))
      return false;
    int64_t quotient = left / right, rest = left % right;
    bool sameSign = (rest < 0) == (right < 0);
    if (op == SizeOp::Mod)
      result = rest != 0 && !sameSign ? rest + right : rest;
    else if (op == SizeOp::FloorDiv)
      result = rest != 0 && !sameSign ? quotient - 1 : quotient;
    else
      result = rest != 0 && sameSign ? quotient + 1 : quotient;
    return true;
  }
  case SizeOp::Const:
  case SizeOp::Symbol:
    break;
  }
  return false;
}

/// Runs the expression; with symbols == nullptr only its form is looked at.
static SizeExprResult run(const int64_t *words, size_t length, const int64_t *symbols, size_t symbolCount, int64_t &result) {
  int64_t stack[maxSizeExprDepth];
  size_t depth = 0;
  if (length == 0 || length % 2)
    return SizeExprResult::Malformed;
  for (size_t i = 0; i < length; i += 2) {
    int64_t op = words[i], arg = words[i + 1];
    if (op < 0 || op > int64_t(SizeOp::Mod))
      return SizeExprResult::Malformed;
    if (op <= int64_t(SizeOp::Symbol)) {
      if (depth == maxSizeExprDepth)
        return SizeExprResult::Malformed;
      if (op == int64_t(SizeOp::Symbol)) {
        if (arg < 0 || uint64_t(arg) >= symbolCount)
          return SizeExprResult::Malformed;
        arg = symbols ? symbols[arg] : 0;
      }
      stack[depth++] = arg;
      continue;
    }
    if (arg != 0 || depth < 2)
      return SizeExprResult::Malformed;
    --depth;
    if (symbols && !apply(SizeOp(op), stack[depth - 1], stack[depth], stack[depth - 1]))
      return SizeExprResult::Arithmetic;
  }
  if (depth != 1)
    return SizeExprResult::Malformed;
  result = stack[0];
  return SizeExprResult::Ok;
}

SizeExprResult tensel::rt::evalSizeExpr(const int64_t *words, size_t length, const int64_t *symbols, size_t symbolCount,
                                        int64_t &result) {
  static const int64_t none = 0;
  return run(words, length, symbols ? symbols : &none, symbols ? symbolCount : 0, result);
}

bool tensel::rt::isWellFormedSizeExpr(const int64_t *words, size_t length, size_t symbolCount) {
  int64_t ignored;
  return run(words, length, nullptr, symbolCount, ignored) == SizeExprResult::Ok;
}

bool tensel::rt::readsSymbol(const int64_t *words, size_t length, int64_t symbol) {
  for (size_t i = 0; i + 1 < length; i += 2)
    if (words[i] == int64_t(SizeOp::Symbol) && words[i + 1] == symbol)
      return true;
  return false;
}
