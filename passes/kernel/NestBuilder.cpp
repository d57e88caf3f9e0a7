// See the header.
#include "passes/kernel/NestBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tensel {
Value IndexMath::constant(int64_t v) { return arith::ConstantIndexOp::create(b, loc, v); }
Value IndexMath::add(Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return b.createOrFold<arith::AddIOp>(loc, x, y);
}
Value IndexMath::mul(Value x, Value y) { return x && y ? b.createOrFold<arith::MulIOp>(loc, x, y) : Value(); }
Value IndexMath::sub(Value x, Value y) { return y ? b.createOrFold<arith::SubIOp>(loc, x, y) : x; }
Value IndexMath::div(Value x, Value y) { return b.createOrFold<arith::DivUIOp>(loc, x, y); }
Value IndexMath::rem(Value x, Value y) { return b.createOrFold<arith::RemUIOp>(loc, x, y); }
Value IndexMath::ceilDiv(Value x, Value y) { return div(add(x, sub(y, constant(1))), y); }
Value IndexMath::min(Value x, Value y) { return b.createOrFold<arith::MinUIOp>(loc, x, y); }
Value IndexMath::max(Value x, Value y) { return b.createOrFold<arith::MaxUIOp>(loc, x, y); }
Value IndexMath::less(Value x, Value y) { return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ult, x, y); }

Value IndexMath::stride(Value x, Value y) {
  if (!x || !y)
    return {};
  OpBuilder::InsertionGuard guard(b);
  if (anchor)
    b.setInsertionPoint(anchor);
  auto cx = getConstantIntValue(x), cy = getConstantIntValue(y);
  if (cx == 1)
    return y;
  if (cy == 1)
    return x;
  if (cx && cy)
    return constant(*cx * *cy);
  Value &product = products[{x, y}];
  if (!product)
    product = mul(x, y);
  return product;
}

Value flatView(IndexMath &m, Value memref) {
  auto type = MemRefType::get({ShapedType::kDynamic}, cast<MemRefType>(memref.getType()).getElementType());
  Value size = outerSize(m, memref, 0);
  return memref::ReinterpretCastOp::create(m.b, m.loc, type, memref, OpFoldResult(m.b.getIndexAttr(0)),
                                           ArrayRef<OpFoldResult>{size}, ArrayRef<OpFoldResult>{m.b.getIndexAttr(1)});
}

Value outerSize(IndexMath &m, Value memref, int64_t inner) {
  auto type = cast<MemRefType>(memref.getType());
  Value size = m.constant(1);
  for (int64_t d = 0; d < type.getRank() - inner; ++d)
    size = m.stride(size, dimOf(m, memref, d));
  return size;
}

Value dimOf(IndexMath &m, Value memref, int64_t d) {
  auto type = cast<MemRefType>(memref.getType());
  return type.isDynamicDim(d) ? Value(memref::DimOp::create(m.b, m.loc, memref, d)) : m.constant(type.getDimSize(d));
}

void NestBuilder::loop(Value from, Value to, int64_t step, Body body) {
  auto op = scf::ForOp::create(b, loc, from, to, m.constant(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.getBody());
  body(op.getInductionVar());
}

NestBuilder::Values NestBuilder::carry(Value from, Value to, int64_t step, ValueRange initial,
                                       llvm::function_ref<Values(Value, ValueRange)> body) {
  auto op = scf::ForOp::create(b, loc, from, to, m.constant(step), initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.getBody());
  scf::YieldOp::create(b, loc, body(op.getInductionVar(), op.getRegionIterArgs()));
  return Values(op.getResults());
}

void NestBuilder::branch(Value condition, llvm::function_ref<void()> yes, llvm::function_ref<void()> no) {
  if (auto known = getConstantIntValue(condition))
    return *known ? yes() : no();
  auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  yes();
  b.setInsertionPointToStart(op.elseBlock());
  no();
}

Value NestBuilder::stackBuffer(Type element, int64_t size) {
  return memref::AllocaOp::create(b, loc, MemRefType::get({size}, element), b.getI64IntegerAttr(64));
}

Value NestBuilder::load(Value flat, Value at) { return memref::LoadOp::create(b, loc, flat, at ? at : m.constant(0)); }
void NestBuilder::store(Value value, Value flat, Value at) {
  memref::StoreOp::create(b, loc, value, flat, at ? at : m.constant(0));
}

void NestBuilder::prefetch(Value flat, Value at, int64_t size, unsigned locality) {
  const int64_t line = 64 * 8 / cast<MemRefType>(flat.getType()).getElementTypeBitWidth();
  for (int64_t i = 0; i < size; i += line)
    memref::PrefetchOp::create(b, loc, flat, m.add(at, m.constant(i)), /*isWrite=*/false, locality, /*isDataCache=*/true);
}
} // namespace tensel
