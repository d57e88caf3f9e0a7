// Folds of elementwise ops that hold for every value: x + 0 (integers), x * 1, relu of relu, casts to the same type.
#include "dialects/graph/Graph.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tensel::graph;

/// Whether the value is a constant splat of `number`.
static bool isSplatOf(Attribute attr, double number) {
  auto splat = dyn_cast_if_present<SplatElementsAttr>(attr);
  if (!splat)
    return false;
  if (isa<FloatType>(splat.getElementType()))
    return splat.getSplatValue<APFloat>().convertToDouble() == number;
  return isa<IntegerType>(splat.getElementType()) && splat.getSplatValue<APInt>().getSExtValue() == number;
}

/// `value` when it already has the result's type, so that replacing loses no dim.
static OpFoldResult same(Operation *op, Value value) {
  return value.getType() == op->getResult(0).getType() ? OpFoldResult(value) : OpFoldResult();
}

OpFoldResult ReluOp::fold(FoldAdaptor) { return getInput().getDefiningOp<ReluOp>() ? OpFoldResult(getInput()) : OpFoldResult(); }

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  // -0.0 + 0.0 is 0.0: not an identity for floats.
  if (isa<IntegerType>(elementTypeOf(getLhs())) && isSplatOf(adaptor.getRhs(), 0))
    return same(*this, getLhs());
  return {};
}
OpFoldResult SubOp::fold(FoldAdaptor adaptor) { return isSplatOf(adaptor.getRhs(), 0) ? same(*this, getLhs()) : OpFoldResult(); }
OpFoldResult MulOp::fold(FoldAdaptor adaptor) { return isSplatOf(adaptor.getRhs(), 1) ? same(*this, getLhs()) : OpFoldResult(); }
OpFoldResult DivOp::fold(FoldAdaptor adaptor) { return isSplatOf(adaptor.getRhs(), 1) ? same(*this, getLhs()) : OpFoldResult(); }
OpFoldResult CastOp::fold(FoldAdaptor) { return same(*this, getInput()); }
