// See the header.
#include "passes/kernel/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tensel {
Value exp2OfNegative(OpBuilder &b, Location loc, Value x) {
  auto type = cast<VectorType>(x.getType());
  bool isDouble = type.getElementType().isF64();
  int64_t mantissa = isDouble ? 52 : 23, bias = isDouble ? 1023 : 127;
  auto intType = VectorType::get(type.getShape(), b.getIntegerType(isDouble ? 64 : 32));
  auto number = [&](double v) -> Value {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, b.getFloatAttr(type.getElementType(), v)));
  };
  auto integer = [&](int64_t v) -> Value {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(intType, b.getIntegerAttr(intType.getElementType(), v)));
  };
  // In this order of operands the comparison fails for NaN, which passes through; it is one instruction.
  Value lowest = number(static_cast<double>(-bias));
  x = arith::SelectOp::create(b, loc, arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, lowest, x), lowest, x);
  // Adding 1.5 * 2^mantissa leaves the rounded number in the lowest bits.
  Value magic = number(1.5 * static_cast<double>(int64_t{1} << mantissa));
  Value shifted = arith::AddFOp::create(b, loc, x, magic);
  Value rest = arith::SubFOp::create(b, loc, x, arith::SubFOp::create(b, loc, shifted, magic));
  SmallVector<double> coefficients;
  if (isDouble) { // Taylor: the term after the last is below 2^-57
    double term = 1;
    for (int k = 0; k <= 13; ++k, term *= 0.6931471805599453 / k)
      coefficients.push_back(term);
  } else { // least maximum of the relative error over |r| <= 1/2 with the first coefficient 1: 2e-9
    coefficients = {1,
                    0.6931472028550588,
                    0.24022647913630035,
                    0.05550332471137294,
                    0.009618437357577659,
                    0.0013398874410508708,
                    0.00015353361925310102};
  }
  Value power = number(coefficients.back());
  for (double coefficient : llvm::reverse(ArrayRef(coefficients).drop_back()))
    power = vector::FMAOp::create(b, loc, power, rest, number(coefficient));
  Value bits = arith::ShLIOp::create(b, loc, arith::BitcastOp::create(b, loc, intType, shifted), integer(mantissa));
  bits = arith::AddIOp::create(b, loc, bits, integer(bias << mantissa));
  return arith::MulFOp::create(b, loc, power, arith::BitcastOp::create(b, loc, type, bits));
}

/// Blocks of `size` lanes, alternately from x and y: the even ones, or the odd ones, of both.
static Value alternate(OpBuilder &b, Location loc, Value x, Value y, int64_t size, bool odd) {
  int64_t lanes = cast<VectorType>(x.getType()).getDimSize(0);
  SmallVector<int64_t> from;
  for (int64_t i = 0; i < lanes; ++i) {
    bool second = i & size;
    from.push_back((i & ~size) + (odd ? size : 0) + (second ? lanes : 0));
  }
  return vector::ShuffleOp::create(b, loc, x, y, from);
}

void transposeSquare(OpBuilder &b, Location loc, MutableArrayRef<Value> rows) {
  for (int64_t size = 1, lanes = rows.size(); size < lanes; size *= 2)
    for (int64_t i = 0; i < lanes; ++i)
      if (!(i & size)) {
        Value even = alternate(b, loc, rows[i], rows[i + size], size, false);
        rows[i + size] = alternate(b, loc, rows[i], rows[i + size], size, true);
        rows[i] = even;
      }
}

Value sumLanes(OpBuilder &b, Location loc, SmallVector<Value> rows) {
  for (int64_t size = 1, lanes = rows.size(); size < lanes; size *= 2)
    for (int64_t i = 0; i < lanes; i += 2 * size)
      rows[i] = arith::AddFOp::create(b, loc, alternate(b, loc, rows[i], rows[i + size], size, false),
                                      alternate(b, loc, rows[i], rows[i + size], size, true));
  return rows[0];
}
} // namespace tensel
