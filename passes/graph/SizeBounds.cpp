// Ranges of dim expressions and their upper bounds as size expressions that the runtime evaluates at its symbol limits.
#include "passes/graph/SymbolicShapes.h"

#include <cmath>

using namespace mlir;
using namespace tensel::graph;

namespace tensel {

// The operators of size expressions (dialects/task/Task.h lists them; passes/graph does not depend on that dialect).
enum : int64_t { Const, Symbol, Add, Mul, FloorDiv, CeilDiv, Sub, Max, Min };

static int64_t clamp(__int128 value) {
  return value > Range::infinity ? Range::infinity : value < -Range::infinity ? -Range::infinity : int64_t(value);
}
static bool isFinite(int64_t value) { return value > -Range::infinity && value < Range::infinity; }

Range SymbolicShapes::rangeOf(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return {clamp(constant.getValue()), clamp(constant.getValue())};
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return unknowns[symbol.getPosition()].range;
  if (auto found = ranges.find(expr); found != ranges.end())
    return found->second;
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Range a = rangeOf(binary.getLHS()), b = rangeOf(binary.getRHS()), result;
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    result.low = isFinite(a.low) && isFinite(b.low) ? clamp(__int128(a.low) + b.low) : -Range::infinity;
    result.high = isFinite(a.high) && isFinite(b.high) ? clamp(__int128(a.high) + b.high) : Range::infinity;
    break;
  case AffineExprKind::Mul: {
    __int128 corners[] = {__int128(a.low) * b.low, __int128(a.low) * b.high, __int128(a.high) * b.low, __int128(a.high) * b.high};
    result = {clamp(*std::min_element(corners, corners + 4)), clamp(*std::max_element(corners, corners + 4))};
    break;
  }
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv: {
    bool up = expr.getKind() == AffineExprKind::CeilDiv;
    int64_t least = std::max<int64_t>(b.low, 1), most = std::max<int64_t>(b.high, 1);
    auto divide = [&](int64_t x, int64_t y) {
      return !isFinite(x) ? x : up ? llvm::divideCeilSigned(x, y) : llvm::divideFloorSigned(x, y);
    };
    result.low = divide(a.low, a.low >= 0 ? most : least);
    result.high = divide(a.high, a.high >= 0 ? least : most);
    break;
  }
  default: // mod
    result = {0, isFinite(b.high) ? b.high - 1 : Range::infinity};
  }
  ranges[expr] = result;
  return result;
}

LogicalResult SymbolicShapes::boundExpr(AffineExpr expr, SmallVectorImpl<int64_t> &size) {
  auto number = [&](int64_t value) { return size.append({Const, value}), success(); };
  auto op = [&](int64_t code) { return size.append({code, 0}), success(); };
  size_t start = size.size();
  // What no structure bounds may still have a finite range.
  auto byRange = [&]() -> LogicalResult {
    size.truncate(start);
    Range range = rangeOf(expr);
    return isFinite(range.high) ? number(range.high) : failure();
  };
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return number(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    if (symbol.getPosition() < declared)
      return size.append({Symbol, int64_t(symbol.getPosition())}), success();
    const Unknown entry = unknowns[symbol.getPosition()];
    SmallVector<int64_t> left, right;
    switch (entry.kind) {
    case Unknown::Count:
    case Unknown::TensorDim:
      if (entry.operands.size() == 1)
        return succeeded(boundExpr(entry.operands[0], size)) ? success() : byRange();
      if (entry.operands.size() != 2)
        return byRange();
      [[fallthrough]];
    case Unknown::Combined:
    case Unknown::Select: {
      size_t first = entry.kind == Unknown::Select ? 2 : 0;
      bool hasLeft = succeeded(boundExpr(entry.operands[first], left)),
           hasRight = succeeded(boundExpr(entry.operands[first + 1], right));
      bool isMin = entry.kind == Unknown::Combined && entry.op == DimOp::min;
      if (isMin ? !hasLeft && !hasRight : !hasLeft || !hasRight)
        return byRange();
      if (hasLeft)
        size.append(left);
      if (hasRight)
        size.append(right);
      return hasLeft && hasRight ? op(isMin ? Min : Max) : success();
    }
    case Unknown::Scaled:
      if (failed(boundExpr(entry.operands[0], size)))
        return byRange();
      (void)number(static_cast<int64_t>(std::ceil(entry.scale * 65536)));
      (void)op(Mul);
      (void)number(65536);
      return op(CeilDiv);
    default:
      return byRange();
    }
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  AffineExpr lhs = binary.getLHS(), rhs = binary.getRHS();
  Range a = rangeOf(lhs), b = rangeOf(rhs);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    if (failed(boundExpr(lhs, size)) || failed(boundExpr(rhs, size)))
      return byRange();
    return op(Add);
  case AffineExprKind::Mul:
    // A negative term is largest where its other factor is least.
    if (auto constant = dyn_cast<AffineConstantExpr>(rhs); constant && constant.getValue() < 0)
      return isFinite(a.low) ? number(clamp(__int128(a.low) * constant.getValue())) : failure();
    if (a.low < 0 || b.low < 0 || failed(boundExpr(lhs, size)) || failed(boundExpr(rhs, size)))
      return byRange();
    return op(Mul);
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv:
    if (failed(boundExpr(lhs, size)))
      return byRange();
    (void)number(std::max<int64_t>(1, b.low));
    return op(expr.getKind() == AffineExprKind::CeilDiv ? CeilDiv : FloorDiv);
  default:
    return byRange();
  }
}

LogicalResult SymbolicShapes::boundBytes(Value value, SmallVectorImpl<int64_t> &size, int64_t &which) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  SmallVector<int64_t> dynamic;
  for (auto [i, dim] : llvm::enumerate(dimsOf(value))) {
    if (dim.constant) {
      bytes = clamp(__int128(bytes) * std::max<int64_t>(*dim.constant, 0));
      continue;
    }
    which = i;
    AffineExpr expr = toExpr(dim);
    if (failed(boundExpr(expr, dynamic)))
      return failure();
    if (rangeOf(expr).low < 0)
      dynamic.append({Const, 0, Max, 0});
    dynamic.append({Mul, 0});
  }
  size.append({Const, bytes});
  size.append(dynamic);
  return success();
}

} // namespace tensel
