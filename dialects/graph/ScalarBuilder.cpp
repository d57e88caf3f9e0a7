// Scalar bodies in arith and math ops; see ScalarBuilder.h.
#include "dialects/graph/Graph.h"

#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include <limits>

using namespace mlir;
using namespace tensel::graph;

Type tensel::graph::storageType(Type type) {
  if (type.isUnsignedInteger())
    return IntegerType::get(type.getContext(), type.getIntOrFloatBitWidth());
  return type;
}

static bool isNarrow(Type type) { return isa<FloatType>(type) && type.getIntOrFloatBitWidth() < 32; }

/// What elements of a graph type are computed in.
static Type computeType(Type type) { return isNarrow(type) ? Float32Type::get(type.getContext()) : storageType(type); }

ScalarBuilder::ScalarBuilder(OpBuilder &b, Location loc, Type type, Value like)
    : isFloat(isa<FloatType>(type)), isUnsigned(type.isUnsignedInteger()), isBool(type.isInteger(1)), b(b), loc(loc),
      element(computeType(type)), like(like) {}

Type ScalarBuilder::withShapeOf(Type type, Value like) const {
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    return vector.clone(type);
  return type;
}

static Value convertFloat(OpBuilder &b, Location loc, Value value, Type element) {
  Type to = element;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    to = vector.clone(element);
  unsigned from = getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
  unsigned width = element.getIntOrFloatBitWidth();
  if (value.getType() == to)
    return value;
  if (from < width)
    return arith::ExtFOp::create(b, loc, to, value);
  if (from > width)
    return arith::TruncFOp::create(b, loc, to, value);
  // f16 <-> bf16
  Type wide = Float32Type::get(b.getContext());
  return convertFloat(b, loc, convertFloat(b, loc, value, wide), element);
}

Value ScalarBuilder::apply(OpBuilder &b, Location loc, Operation *op, ValueRange args,
                           function_ref<Value(ScalarBuilder &, ValueRange)> body) {
  SmallVector<Value> wide(args);
  for (auto [arg, operand] : llvm::zip_equal(wide, op->getOperands()))
    if (isNarrow(elementTypeOf(operand)))
      arg = convertFloat(b, loc, arg, Float32Type::get(b.getContext()));
  // select's first operand is a bool: the type it works on is the last operand's.
  unsigned leading = op->getNumOperands() - 1;
  ScalarBuilder s(b, loc, elementTypeOf(op->getOperand(leading)), wide[leading]);
  Value result = body(s, wide);
  Type stored = storageType(elementTypeOf(op->getResult(0)));
  if (isNarrow(stored))
    result = convertFloat(b, loc, result, stored);
  return result;
}

Value ScalarBuilder::constant(double value) {
  TypedAttr attr;
  if (isFloat)
    attr = b.getFloatAttr(element, value);
  else
    attr = b.getIntegerAttr(
        element, APInt(element.getIntOrFloatBitWidth(), static_cast<int64_t>(value), /*isSigned=*/true, /*implicitTrunc=*/true));
  Type type = withShapeOf(element, like);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, static_cast<Attribute>(attr));
  return arith::ConstantOp::create(b, loc, attr);
}

Value ScalarBuilder::add(Value a, Value c) {
  if (isFloat)
    return arith::AddFOp::create(b, loc, a, c);
  return arith::AddIOp::create(b, loc, a, c);
}
Value ScalarBuilder::sub(Value a, Value c) {
  if (isFloat)
    return arith::SubFOp::create(b, loc, a, c);
  return arith::SubIOp::create(b, loc, a, c);
}
Value ScalarBuilder::mul(Value a, Value c) {
  if (isFloat)
    return arith::MulFOp::create(b, loc, a, c);
  return arith::MulIOp::create(b, loc, a, c);
}

/// Replaces divisors that would trap (0, and -1 of a signed type's lowest value) by 1.
Value ScalarBuilder::div(Value a, Value c) {
  if (isFloat)
    return arith::DivFOp::create(b, loc, a, c);
  Value isZero = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, c, zero());
  if (isUnsigned || isBool) {
    Value safe = arith::SelectOp::create(b, loc, isZero, one(), c);
    return arith::SelectOp::create(b, loc, isZero, zero(), arith::DivUIOp::create(b, loc, a, safe));
  }
  // x / -1 is computed as 0 - x, which wraps where the division would trap.
  Value isMinusOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, c, constant(-1));
  Value unsafe = arith::OrIOp::create(b, loc, isZero, isMinusOne);
  Value safe = arith::SelectOp::create(b, loc, unsafe, one(), c);
  Value quotient = arith::DivSIOp::create(b, loc, a, safe);
  quotient = arith::SelectOp::create(b, loc, isMinusOne, sub(zero(), a), quotient);
  return arith::SelectOp::create(b, loc, isZero, zero(), quotient);
}

Value ScalarBuilder::rem(Value a, Value c) {
  if (isFloat)
    return arith::RemFOp::create(b, loc, a, c);
  Value isZero = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, c, zero());
  if (isUnsigned || isBool) {
    Value safe = arith::SelectOp::create(b, loc, isZero, one(), c);
    return arith::SelectOp::create(b, loc, isZero, zero(), arith::RemUIOp::create(b, loc, a, safe));
  }
  Value isMinusOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, c, constant(-1));
  Value unsafe = arith::OrIOp::create(b, loc, isZero, isMinusOne);
  Value safe = arith::SelectOp::create(b, loc, unsafe, one(), c);
  return arith::SelectOp::create(b, loc, unsafe, zero(), arith::RemSIOp::create(b, loc, a, safe));
}

Value ScalarBuilder::mod(Value a, Value c) {
  Value remainder = rem(a, c);
  if (isUnsigned || isBool)
    return remainder;
  // The remainder has the dividend's sign; move it to the divisor's.
  Value nonZero = compare(ComparePredicate::ne, remainder, zero());
  Value signsDiffer =
      arith::XOrIOp::create(b, loc, compare(ComparePredicate::lt, remainder, zero()), compare(ComparePredicate::lt, c, zero()));
  Value adjust = arith::AndIOp::create(b, loc, nonZero, signsDiffer);
  return arith::SelectOp::create(b, loc, adjust, add(remainder, c), remainder);
}

Value ScalarBuilder::pow(Value a, Value c) {
  if (isFloat)
    return math::PowFOp::create(b, loc, a, c);
  return integerPow(a, c);
}

/// Square and multiply over the exponent's bits, unrolled; negative exponents give 1 / base^n truncated.
Value ScalarBuilder::integerPow(Value base, Value exponent) {
  unsigned width = element.getIntOrFloatBitWidth();
  Value result = one(), square = base;
  // Exponents past the width only matter for bases 0, 1 and -1, whose powers depend on the parity alone.
  for (unsigned bit = 0; bit < std::min(width, 7u); ++bit) {
    Value isSet = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                        arith::AndIOp::create(b, loc, exponent, constant(std::ldexp(1.0, bit))), zero());
    result = arith::SelectOp::create(b, loc, isSet, mul(result, square), result);
    square = mul(square, square);
  }
  if (isUnsigned || isBool)
    return result;
  Value negative = compare(ComparePredicate::lt, exponent, zero());
  Value isUnit =
      arith::OrIOp::create(b, loc, compare(ComparePredicate::eq, base, one()), compare(ComparePredicate::eq, base, constant(-1)));
  Value odd = arith::AndIOp::create(b, loc, exponent, one());
  Value oddPower = compare(ComparePredicate::ne, odd, zero());
  Value unitPower = arith::SelectOp::create(b, loc, oddPower, base, one());
  return arith::SelectOp::create(b, loc, negative, arith::SelectOp::create(b, loc, isUnit, unitPower, zero()), result);
}

Value ScalarBuilder::max(Value a, Value c) {
  if (isFloat)
    return arith::MaximumFOp::create(b, loc, a, c);
  if (isUnsigned || isBool)
    return arith::MaxUIOp::create(b, loc, a, c);
  return arith::MaxSIOp::create(b, loc, a, c);
}
Value ScalarBuilder::min(Value a, Value c) {
  if (isFloat)
    return arith::MinimumFOp::create(b, loc, a, c);
  if (isUnsigned || isBool)
    return arith::MinUIOp::create(b, loc, a, c);
  return arith::MinSIOp::create(b, loc, a, c);
}
Value ScalarBuilder::bitAnd(Value a, Value c) { return arith::AndIOp::create(b, loc, a, c); }
Value ScalarBuilder::bitOr(Value a, Value c) { return arith::OrIOp::create(b, loc, a, c); }
Value ScalarBuilder::bitXor(Value a, Value c) { return arith::XOrIOp::create(b, loc, a, c); }
Value ScalarBuilder::bitNot(Value a) { return arith::XOrIOp::create(b, loc, a, isBool ? one() : constant(-1)); }

/// The shift, or `past` where the count is not below the width.
static Value guardShift(OpBuilder &b, Location loc, Value count, Value width, Value past, function_ref<Value(Value)> shift,
                        Value zero) {
  Value fits = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, count, width);
  Value safe = arith::SelectOp::create(b, loc, fits, count, zero);
  return arith::SelectOp::create(b, loc, fits, shift(safe), past);
}
Value ScalarBuilder::shiftLeft(Value a, Value c) {
  return guardShift(
      b, loc, c, constant(element.getIntOrFloatBitWidth()), zero(),
      [&](Value count) -> Value { return arith::ShLIOp::create(b, loc, a, count); }, zero());
}
Value ScalarBuilder::shiftRight(Value a, Value c) {
  if (isUnsigned)
    return guardShift(
        b, loc, c, constant(element.getIntOrFloatBitWidth()), zero(),
        [&](Value count) -> Value { return arith::ShRUIOp::create(b, loc, a, count); }, zero());
  Value sign = arith::ShRSIOp::create(b, loc, a, constant(element.getIntOrFloatBitWidth() - 1));
  return guardShift(
      b, loc, c, constant(element.getIntOrFloatBitWidth()), sign,
      [&](Value count) -> Value { return arith::ShRSIOp::create(b, loc, a, count); }, zero());
}

Value ScalarBuilder::abs(Value a) {
  if (isFloat)
    return math::AbsFOp::create(b, loc, a);
  if (isUnsigned || isBool)
    return a;
  return max(a, neg(a));
}
Value ScalarBuilder::neg(Value a) {
  if (isFloat)
    return arith::NegFOp::create(b, loc, a);
  return sub(zero(), a);
}
Value ScalarBuilder::sign(Value a) {
  Value positive = compare(ComparePredicate::gt, a, zero());
  Value result = arith::SelectOp::create(b, loc, positive, one(), isFloat ? a : zero());
  if (isUnsigned || isBool)
    return result;
  Value negative = compare(ComparePredicate::lt, a, zero());
  // What is neither (0, -0, NaN) stays itself; an integer is then 0.
  return arith::SelectOp::create(b, loc, negative, constant(-1), result);
}
Value ScalarBuilder::sigmoid(Value a) { return div(one(), add(one(), Value(math::ExpOp::create(b, loc, neg(a))))); }

Value ScalarBuilder::isNan(Value a) {
  if (!isFloat)
    return arith::ConstantOp::create(b, loc, b.getZeroAttr(withShapeOf(b.getI1Type(), a)));
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, a, a);
}
Value ScalarBuilder::isInf(Value a, bool positive, bool negative) {
  Value none = arith::ConstantOp::create(b, loc, b.getZeroAttr(withShapeOf(b.getI1Type(), a)));
  if (!isFloat)
    return none;
  double inf = std::numeric_limits<double>::infinity();
  Value up = positive ? compare(ComparePredicate::eq, a, constant(inf)) : none;
  Value down = negative ? compare(ComparePredicate::eq, a, constant(-inf)) : none;
  return arith::OrIOp::create(b, loc, up, down);
}

Value ScalarBuilder::compare(ComparePredicate predicate, Value a, Value c) {
  using P = ComparePredicate;
  if (isFloat) {
    arith::CmpFPredicate map[] = {arith::CmpFPredicate::OEQ, arith::CmpFPredicate::UNE, arith::CmpFPredicate::OLT,
                                  arith::CmpFPredicate::OLE, arith::CmpFPredicate::OGT, arith::CmpFPredicate::OGE};
    return arith::CmpFOp::create(b, loc, map[static_cast<uint32_t>(predicate)], a, c);
  }
  bool u = isUnsigned || isBool;
  auto choose = [&]() {
    switch (predicate) {
    case P::eq:
      return arith::CmpIPredicate::eq;
    case P::ne:
      return arith::CmpIPredicate::ne;
    case P::lt:
      return u ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt;
    case P::le:
      return u ? arith::CmpIPredicate::ule : arith::CmpIPredicate::sle;
    case P::gt:
      return u ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt;
    case P::ge:
      break;
    }
    return u ? arith::CmpIPredicate::uge : arith::CmpIPredicate::sge;
  };
  return arith::CmpIOp::create(b, loc, choose(), a, c);
}

Value ScalarBuilder::select(Value condition, Value a, Value c) { return arith::SelectOp::create(b, loc, condition, a, c); }

/// The value clamped to what `bits` hold, so that the conversion is defined; NaN becomes 0.
static Value clampForInteger(OpBuilder &b, Location loc, Value value, unsigned bits, bool isUnsigned) {
  auto type = cast<FloatType>(getElementTypeOrSelf(value.getType()));
  auto constant = [&](const APFloat &number) -> Value {
    TypedAttr attr = b.getFloatAttr(type, number);
    if (auto vector = dyn_cast<VectorType>(value.getType()))
      attr = DenseElementsAttr::get(vector, static_cast<Attribute>(attr));
    return arith::ConstantOp::create(b, loc, attr);
  };
  auto limit = [&](const APInt &integer) {
    APFloat number(type.getFloatSemantics());
    number.convertFromAPInt(integer, !isUnsigned, APFloat::rmTowardZero); // stays inside the range
    return constant(number);
  };
  Value low = limit(isUnsigned ? APInt::getMinValue(bits) : APInt::getSignedMinValue(bits));
  Value high = limit(isUnsigned ? APInt::getMaxValue(bits) : APInt::getSignedMaxValue(bits));
  Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, value, value);
  value = arith::SelectOp::create(b, loc, isNan, constant(APFloat::getZero(type.getFloatSemantics())), value);
  return arith::MinNumFOp::create(b, loc, arith::MaxNumFOp::create(b, loc, value, low), high);
}

Value ScalarBuilder::cast(Value a, Type from, Type to) {
  Type target = withShapeOf(computeType(to), a);
  bool fromFloat = isa<FloatType>(from), toFloat = isa<FloatType>(to);
  unsigned fromBits = getElementTypeOrSelf(a.getType()).getIntOrFloatBitWidth();
  unsigned toBits = getElementTypeOrSelf(target).getIntOrFloatBitWidth();
  bool fromUnsigned = from.isUnsignedInteger() || from.isInteger(1);
  if (to.isInteger(1)) {
    // To bool: whatever is not zero, NaN included.
    if (fromFloat)
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, a, zero());
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, a, zero());
  }
  if (fromFloat && toFloat)
    return convertFloat(b, loc, a, getElementTypeOrSelf(target));
  if (fromFloat) {
    Value clamped = clampForInteger(b, loc, a, toBits, to.isUnsignedInteger());
    if (to.isUnsignedInteger())
      return arith::FPToUIOp::create(b, loc, target, clamped);
    return arith::FPToSIOp::create(b, loc, target, clamped);
  }
  if (toFloat) {
    if (fromUnsigned)
      return arith::UIToFPOp::create(b, loc, target, a);
    return arith::SIToFPOp::create(b, loc, target, a);
  }
  if (fromBits == toBits)
    return a;
  if (fromBits > toBits)
    return arith::TruncIOp::create(b, loc, target, a);
  if (fromUnsigned)
    return arith::ExtUIOp::create(b, loc, target, a);
  return arith::ExtSIOp::create(b, loc, target, a);
}

Value ScalarBuilder::combine(ReduceKind kind, Value a, Value c) {
  switch (kind) {
  case ReduceKind::sum:
  case ReduceKind::mean:
    return add(a, c);
  case ReduceKind::prod:
    return mul(a, c);
  case ReduceKind::max:
    return max(a, c);
  case ReduceKind::min:
    return min(a, c);
  }
  return {};
}

Value ScalarBuilder::neutral(ReduceKind kind) {
  if (kind == ReduceKind::sum || kind == ReduceKind::mean)
    return zero();
  if (kind == ReduceKind::prod)
    return one();
  bool lowest = kind == ReduceKind::max;
  if (isFloat)
    return constant(lowest ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity());
  unsigned bits = element.getIntOrFloatBitWidth();
  bool u = isUnsigned || isBool;
  APInt limit = lowest ? (u ? APInt::getMinValue(bits) : APInt::getSignedMinValue(bits))
                       : (u ? APInt::getMaxValue(bits) : APInt::getSignedMaxValue(bits));
  TypedAttr attr = b.getIntegerAttr(element, limit);
  if (auto vector = dyn_cast<VectorType>(withShapeOf(element, like)))
    attr = DenseElementsAttr::get(vector, static_cast<Attribute>(attr));
  return arith::ConstantOp::create(b, loc, attr);
}
