// See the header. Everything is straight-line arithmetic without tables and branches, which the loop vectoriser widens.
#include "passes/kernel/ScalarMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;

namespace tensel {
namespace {
/// Arithmetic on scalars and vectors of one shape.
struct Maths {
  OpBuilder &b;
  Location loc;
  Type shape; // of any element type

  Type of(Type element) const {
    auto vector = dyn_cast<VectorType>(shape);
    return vector ? Type(vector.clone(element)) : element;
  }
  Type f32() const { return of(b.getF32Type()); }
  Type f64() const { return of(b.getF64Type()); }
  Type i32() const { return of(b.getI32Type()); }

  Value constant(Type type, double value) {
    TypedAttr attr = isa<FloatType>(getElementTypeOrSelf(type))
                         ? TypedAttr(b.getFloatAttr(getElementTypeOrSelf(type), value))
                         : b.getIntegerAttr(getElementTypeOrSelf(type), static_cast<int64_t>(value));
    if (auto vector = dyn_cast<VectorType>(type))
      attr = DenseElementsAttr::get(vector, static_cast<Attribute>(attr));
    return arith::ConstantOp::create(b, loc, attr);
  }
  Value like(Value x, double value) { return constant(x.getType(), value); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value mul(Value x, double y) { return mul(x, like(x, y)); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value neg(Value x) { return arith::NegFOp::create(b, loc, x); }
  Value abs(Value x) { return math::AbsFOp::create(b, loc, x); }
  Value fma(Value x, Value y, Value z) { return math::FmaOp::create(b, loc, x, y, z); }
  Value nearest(Value x) { return math::RoundEvenOp::create(b, loc, x); }
  Value compare(arith::CmpFPredicate predicate, Value x, double y) {
    return arith::CmpFOp::create(b, loc, predicate, x, like(x, y));
  }
  Value select(Value condition, Value x, Value y) { return arith::SelectOp::create(b, loc, condition, x, y); }
  Value either(Value x, Value y) { return arith::OrIOp::create(b, loc, x, y); }
  Value extend(Value x) { return arith::ExtFOp::create(b, loc, f64(), x); }
  Value truncate(Value x) { return arith::TruncFOp::create(b, loc, f32(), x); }
  /// c[0] + c[1] x + c[2] x^2 + ...
  Value polynomial(Value x, ArrayRef<double> c) {
    Value sum = like(x, c.back());
    for (double next : llvm::reverse(c.drop_back()))
      sum = fma(sum, x, like(x, next));
    return sum;
  }
  /// 2^n of whole numbers -126 to 127, as f32.
  Value powerOfTwo(Value n) {
    Value bits = arith::ShLIOp::create(b, loc, arith::AddIOp::create(b, loc, n, constant(i32(), 127)), constant(i32(), 23));
    return arith::BitcastOp::create(b, loc, f32(), bits);
  }
};

using P = arith::CmpFPredicate;

/// x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite 1980); e^r by its series, 2^n in two steps, of which only the second one may
/// round or overflow.
Value expOfF32(Maths &m, Value x) {
  // Past these the result is 0 or infinite anyway. NaN fails both comparisons.
  Value bounded = m.select(m.compare(P::OGT, x, 90), m.like(x, 90), x);
  bounded = m.select(m.compare(P::OLT, x, -110), m.like(x, -110), bounded);
  Value n = m.nearest(m.mul(bounded, M_LOG2E));
  // ln 2 in two parts, the first of them short enough for exact products.
  constexpr double high = 0x1.62e4p-1, low = 0x1.7f7d1cf79abcap-20;
  Value r = m.fma(n, m.like(x, -high), bounded);
  r = m.fma(n, m.like(x, -low), r);
  Value power = m.polynomial(r, {1, 1, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040});
  // A conversion of NaN would not be defined.
  Value whole = arith::FPToSIOp::create(m.b, m.loc, m.i32(), m.select(m.compare(P::UNO, x, 0), m.like(x, 0), n));
  Value half = arith::ShRSIOp::create(m.b, m.loc, whole, m.constant(m.i32(), 1));
  Value rest = arith::SubIOp::create(m.b, m.loc, whole, half);
  return m.mul(m.mul(power, m.powerOfTwo(half)), m.powerOfTwo(rest));
}

/// x in quarter turns, from -2 to 2: x * 2 / pi modulo 4, in f64. 2 / pi is cut into parts of 29 bits, whose products with the 24 bits
/// of x are exact, as are their remainders modulo 4 (after Payne and Hanek 1983).
Value quarterTurns(Maths &m, Value x) {
  // 2 / pi in hexadecimal, 29 bits at a time: 7 parts, so that 2^128 times what is left out is below 2^-74.
  static constexpr double parts[] = {0x145f306dp-29,  0x19391054p-58,  0x14fe13abp-87, 0x1d1f534dp-116,
                                     0x1b81b6c5p-145, 0x05664f10p-174, 0x1c820ff2p-203};
  Value wide = m.extend(x), sum;
  auto modulo4 = [&](Value y) { return m.fma(m.nearest(m.mul(y, 0.25)), m.like(y, -4), y); };
  for (double part : parts) {
    Value turns = modulo4(m.mul(wide, part));
    sum = sum ? modulo4(m.add(sum, turns)) : turns;
  }
  return sum;
}

template <bool isCos>
Value sineOfF32(Maths &m, Value x) {
  Value turns = quarterTurns(m, x), n = m.nearest(turns), angle = m.mul(m.sub(turns, n), M_PI / 2), square = m.mul(angle, angle);
  Value cosine = m.polynomial(square, {1, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800});
  Value sine = m.mul(angle, m.polynomial(square, {1, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800}));
  Value isOdd = m.compare(P::OEQ, m.abs(n), 1), isHalf = m.compare(P::OEQ, m.abs(n), 2);
  Value result = isCos ? m.select(isOdd, sine, cosine) : m.select(isOdd, cosine, sine);
  Value isNegative = m.either(isHalf, m.compare(P::OEQ, n, isCos ? 1 : -1));
  result = m.truncate(m.select(isNegative, m.neg(result), result));
  return isCos ? result : m.select(m.compare(P::OEQ, x, 0), x, result); // -0 stays -0
}

/// By tanh near 0, where e^x - 1 would cancel.
Value expm1OfF64(Maths &m, Value x) {
  Value t = math::TanhOp::create(m.b, m.loc, m.mul(x, 0.5));
  Value near = m.div(m.add(t, t), m.sub(m.like(x, 1), t));
  Value far = m.sub(math::ExpOp::create(m.b, m.loc, x), m.like(x, 1));
  return m.select(m.compare(P::OLT, m.abs(x), 0.5), near, far);
}

template <typename Op, unsigned bits, Value (*make)(Maths &, Value)>
struct Expand : OpRewritePattern<Op> {
  Expand(MLIRContext *context) : OpRewritePattern<Op>(context, /*benefit=*/10) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const final {
    Type element = getElementTypeOrSelf(op.getType());
    if (!element.isF32() && !element.isF64())
      return failure();
    if (element.getIntOrFloatBitWidth() != bits)
      return failure();
    Maths m{rewriter, op.getLoc(), op.getType()};
    rewriter.replaceOp(op, make(m, op.getOperand()));
    return success();
  }
};
} // namespace

void populateScalarMath(RewritePatternSet &patterns) {
  patterns.add<Expand<math::ExpOp, 32, expOfF32>, Expand<math::SinOp, 32, sineOfF32<false>>,
               Expand<math::CosOp, 32, sineOfF32<true>>, Expand<math::ExpM1Op, 64, expm1OfF64>>(patterns.getContext());
}

void guardApproximations(func::FuncOp func) {
  SmallVector<Operation *> ops;
  func.walk([&](Operation *op) {
    if (isa<math::LogOp, math::Log2Op, math::ErfOp>(op) && getElementTypeOrSelf(op->getResult(0).getType()).isF32())
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    OpBuilder b(op);
    Maths m{b, op->getLoc(), op->getResult(0).getType()};
    Value x = op->getOperand(0), result = op->getResult(0);
    b.setInsertionPointAfter(op);
    if (isa<math::ErfOp>(op)) {
      Value guarded = m.select(m.compare(P::OEQ, x, 0), x, result);
      result.replaceAllUsesExcept(guarded, guarded.getDefiningOp());
      continue;
    }
    b.setInsertionPoint(op);
    constexpr int shift = 24;
    Value isSmall = m.compare(P::OLT, x, 0x1p-126);
    op->setOperand(0, m.select(isSmall, m.mul(x, std::ldexp(1.0, shift)), x));
    b.setInsertionPointAfter(op);
    double off = isa<math::LogOp>(op) ? shift * M_LN2 : shift;
    Value guarded = m.select(isSmall, m.sub(result, m.like(x, off)), result);
    SmallPtrSet<Operation *, 2> own = {guarded.getDefiningOp(), guarded.getDefiningOp()->getOperand(1).getDefiningOp()};
    result.replaceAllUsesExcept(guarded, own);
  }
}
} // namespace tensel
