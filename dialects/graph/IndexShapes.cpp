// Dims as index arithmetic; see IndexShapes.h.
#include "dialects/graph/IndexShapes.h"
#include "dialects/graph/Graph.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tensel::graph;

Value IndexShapes::value(Dim dim) {
  if (dim.constant)
    return arith::ConstantIndexOp::create(b, loc, *dim.constant);
  assert(dim.handle && "a dim that nothing computes");
  return Value::getFromOpaquePointer(dim.handle);
}

OpFoldResult IndexShapes::foldResult(Dim dim) {
  if (dim.constant)
    return b.getIndexAttr(*dim.constant);
  return value(dim);
}

bool IndexShapes::areSame(Dim a, Dim c) {
  if (a.constant && c.constant)
    return *a.constant == *c.constant;
  return a.handle && a.handle == c.handle;
}

Value IndexShapes::isEqual(Dim a, Dim c) {
  return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, value(a), value(c));
}

static Value build(OpBuilder &b, Location loc, DimOp op, Value a, Value c) {
  switch (op) {
  case DimOp::add:
    return b.createOrFold<arith::AddIOp>(loc, a, c);
  case DimOp::sub:
    return b.createOrFold<arith::SubIOp>(loc, a, c);
  case DimOp::mul:
    return b.createOrFold<arith::MulIOp>(loc, a, c);
  case DimOp::floorDiv:
    return b.createOrFold<arith::FloorDivSIOp>(loc, a, c);
  case DimOp::ceilDiv:
    return b.createOrFold<arith::CeilDivSIOp>(loc, a, c);
  case DimOp::min:
    return b.createOrFold<arith::MinSIOp>(loc, a, c);
  case DimOp::max:
    return b.createOrFold<arith::MaxSIOp>(loc, a, c);
  case DimOp::broadcast:
    break;
  }
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value isOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, a, one);
  return arith::SelectOp::create(b, loc, isOne, c, a);
}

Dim IndexShapes::combine(DimOp op, Dim a, Dim c) {
  // Divisors may be 0 on the way to a value that is not used.
  if ((op == DimOp::floorDiv || op == DimOp::ceilDiv) && !c.constant)
    c = max(c, 1);
  Value &result = made[{op, keyOf(a), keyOf(c)}];
  if (!result)
    result = build(b, loc, op, value(a), value(c));
  return of(result);
}

Dim IndexShapes::combineSelect(bool less, Dim a, Dim c, Dim yes, Dim no) {
  Value &result = selected[{less, keyOf(a), keyOf(c), keyOf(yes), keyOf(no)}];
  if (!result) {
    auto predicate = less ? arith::CmpIPredicate::slt : arith::CmpIPredicate::eq;
    Value condition = arith::CmpIOp::create(b, loc, predicate, value(a), value(c));
    result = arith::SelectOp::create(b, loc, condition, value(yes), value(no));
  }
  return of(result);
}

Dim IndexShapes::unknownDim(Value tensor, int64_t index) { return of(tensor::DimOp::create(b, loc, tensor, index)); }

Value IndexShapes::extractElement(Value tensor, int64_t index) {
  SmallVector<Value> indices;
  if (cast<RankedTensorType>(tensor.getType()).getRank() == 1)
    indices.push_back(arith::ConstantIndexOp::create(b, loc, index));
  return tensor::ExtractOp::create(b, loc, tensor, indices);
}

Dim IndexShapes::unknownElement(Value tensor, int64_t index) {
  Value element = extractElement(tensor, index);
  Type index64 = b.getIndexType();
  if (elementTypeOf(tensor).isUnsignedInteger())
    return of(arith::IndexCastUIOp::create(b, loc, index64, element));
  return of(arith::IndexCastOp::create(b, loc, index64, element));
}

Dim IndexShapes::scaled(Dim dim, Value scales, int64_t index) {
  // In f32, as ONNX's scales are: 0.6f * 5 rounds to 3.
  Value scale = extractElement(scales, index);
  Value size = arith::IndexCastOp::create(b, loc, b.getI64Type(), value(dim));
  size = arith::SIToFPOp::create(b, loc, scale.getType(), size);
  Value product = arith::FPToSIOp::create(b, loc, b.getI64Type(), arith::MulFOp::create(b, loc, size, scale));
  return of(arith::IndexCastOp::create(b, loc, b.getIndexType(), product));
}
