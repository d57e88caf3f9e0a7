// Index arithmetic of the contraction emitter; see Contraction.h.
#include "passes/kernel/Contraction.h"

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

bool LoopGroup::moves(const FlatOperand &operand) const {
  return llvm::any_of(dims, [&](unsigned d) { return operand.coefs[d] != nullptr; });
}

/// Equal values: the same, or the same constant.
static bool same(Value x, Value y) {
  if (!x || !y)
    return false;
  auto cx = getConstantIntValue(x), cy = getConstantIntValue(y);
  return x == y || (cx && cx == cy);
}

Value LoopGroup::commonStride(IndexMath &m, const FlatOperand &operand) const {
  if (dims.empty())
    return {};
  for (size_t i = 0; i + 1 < dims.size(); ++i)
    if (!same(operand.coefs[dims[i]], m.stride(operand.coefs[dims[i + 1]], sizes[i + 1])) &&
        !same(operand.coefs[dims[i]], m.stride(sizes[i + 1], operand.coefs[dims[i + 1]])))
      return {};
  return operand.coefs[dims.back()];
}

Value LoopGroup::offset(IndexMath &m, const FlatOperand &operand, Value flat) const {
  if (!moves(operand))
    return {};
  if (Value stride = commonStride(m, operand))
    return m.mul(flat, stride);
  Value sum;
  for (size_t i = dims.size(); i-- > 0;) {
    Value index = i ? m.rem(flat, sizes[i]) : flat;
    sum = m.add(sum, m.mul(index, operand.coefs[dims[i]]));
    if (i)
      flat = m.div(flat, sizes[i]);
  }
  return sum;
}
} // namespace tensel
