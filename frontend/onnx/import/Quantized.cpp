// Quantized ops, written as what they mean: integers less their zero point,
// products in i32, scaled, rounded and saturated.
#include "frontend/onnx/import/Windows.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ReduceKind;

/// A per-axis parameter made to broadcast over `x` along `axis`; blocked ones are repeated.
static Value alongAxis(Node &n, Value parameter, Value x, int64_t axis, int64_t block) {
  int64_t rank = Node::rank(x);
  if (Node::rank(parameter) == 0)
    return parameter;
  if (Node::rank(parameter) == 1) {
    if (Node::dim(parameter, 0) == 1)
      return n.reshape(parameter, {});
    return n.unsqueeze(parameter, range(1, rank - axis));
  }
  if (block < 1 || Node::rank(parameter) != rank) {
    (void)n.fail("expected a scale per tensor, per axis or per block");
    return parameter;
  }
  // [.., groups, ..] -> [.., groups, block, ..] -> [.., groups * block, ..], cut to the input's dim.
  Value apart = n.unsqueeze(parameter, {axis + 1});
  Ints ones(static_cast<size_t>(rank + 1), 1);
  ones[static_cast<size_t>(axis + 1)] = block;
  Value wide = n.expand(apart, n.shape(ones));
  SmallVector<Value> dims;
  for (int64_t i = 0; i < rank; ++i)
    dims.push_back(i == axis ? n.mul(n.dimOf(parameter, i), static_cast<double>(block)) : n.dimOf(parameter, i));
  Value whole = n.reshapeTo(wide, n.shapeFrom(dims));
  return n.make<graph::SliceOp>(whole, n.shape({0}), n.dimOf(x, axis), n.shape({1}), ArrayRef<int64_t>{axis});
}

static std::pair<double, double> rangeOf(Type type) {
  unsigned bits = type.getIntOrFloatBitWidth();
  if (type.isUnsignedInteger())
    return {0, std::ldexp(1, static_cast<int>(bits)) - 1};
  return {-std::ldexp(1, static_cast<int>(bits) - 1), std::ldexp(1, static_cast<int>(bits) - 1) - 1};
}

/// round(x / scale) + zero, saturated to `to`.
static Value quantize(Node &n, Value x, Value scale, Value zero, Type to) {
  Value q = n.make<graph::RoundOp>(n.div(x, scale));
  if (zero)
    q = n.add(q, n.cast(zero, Node::elem(q)));
  auto [low, high] = rangeOf(to);
  return n.cast(n.clamp(q, low, high), to);
}

static LogicalResult quantizeLinear(Node &n) {
  Value x = n.in(0);
  int64_t axis = n.intAttr("axis", 1), rank = Node::rank(x);
  axis = Node::rank(n.in(1)) == 0 || rank == 0 ? 0 : n.axis(std::min(axis, rank - 1), rank);
  int64_t block = n.intAttr("block_size", 0);
  Type to =
      n.has(2) ? Node::elem(n.in(2)) : n.typeAttr("output_dtype", IntegerType::get(n.b.getContext(), 8, IntegerType::Unsigned));
  if (!isa<IntegerType>(to))
    return n.fail("expected an integer type to quantize to");
  Type wide = Node::isFloat(x) ? Node::elem(n.in(1)) : n.f32();
  if (!isa<FloatType>(wide))
    return n.fail("expected a float scale");
  Value scale = alongAxis(n, n.in(1), x, axis, block);
  Value zero = n.has(2) ? alongAxis(n, n.in(2), x, axis, block) : Value();
  n.set(0, quantize(n, n.cast(x, wide), n.cast(scale, wide), zero, to));
  return success();
}

static LogicalResult dequantizeLinear(Node &n) {
  Value x = n.in(0), scale = n.in(1);
  int64_t axis = n.intAttr("axis", 1), rank = Node::rank(x);
  axis = Node::rank(scale) == 0 || rank == 0 ? 0 : n.axis(std::min(axis, rank - 1), rank);
  int64_t block = n.intAttr("block_size", 0);
  Type type = Node::elem(scale);
  Value y = n.cast(x, n.b.getI32Type());
  if (n.has(2))
    y = n.sub(y, n.cast(alongAxis(n, n.in(2), x, axis, block), n.b.getI32Type()));
  Value result = n.mul(n.cast(y, n.f32()), n.cast(alongAxis(n, scale, x, axis, block), n.f32()));
  n.set(0, n.cast(result, n.typeAttr("output_dtype", type)));
  return success();
}

/// x as i32 less its zero point (a scalar, or one per row / column).
static Value centered(Node &n, Value x, Value zero, int64_t axisFromEnd) {
  Value wide = n.cast(x, n.b.getI32Type());
  if (!zero)
    return wide;
  zero = n.cast(zero, n.b.getI32Type());
  if (Node::rank(zero) == 1 && Node::dim(zero, 0) == 1)
    zero = n.reshape(zero, {});
  else if (Node::rank(zero) == 1)
    zero = n.unsqueeze(zero, range(1, axisFromEnd));
  return n.sub(wide, zero);
}

static LogicalResult matmulInteger(Node &n) {
  Value a = centered(n, n.in(0), n.has(2) ? n.in(2) : Value(), 2);
  Value b = centered(n, n.in(1), n.has(3) ? n.in(3) : Value(), 1);
  n.set(0, n.matmul(a, b));
  return success();
}

static LogicalResult convInteger(Node &n) {
  Value a = centered(n, n.in(0), n.has(2) ? n.in(2) : Value(), 1);
  Value b = centered(n, n.in(1), n.has(3) ? n.in(3) : Value(), Node::rank(n.in(1)));
  n.set(0, convolve(n, a, b));
  return success();
}

/// acc * (scaleA * scaleB) / scaleY, rounded, plus the zero point, saturated.
static Value requantize(Node &n, Value accumulated, Value scaleA, Value scaleB, Value scaleY, Value zero) {
  Type wide = n.f32();
  Value product = n.mul(n.cast(scaleA, wide), n.cast(scaleB, wide));
  Value real = n.mul(n.cast(accumulated, wide), product);
  return quantize(n, real, n.cast(scaleY, wide), zero, Node::elem(zero));
}

static LogicalResult qlinearMatmul(Node &n) {
  Value a = centered(n, n.in(0), n.in(2), 2), b = centered(n, n.in(3), n.in(5), 1);
  Value scaleA = n.in(1);
  if (Node::rank(scaleA) == 1 && Node::dim(scaleA, 0) != 1)
    scaleA = n.unsqueeze(scaleA, {1});
  auto single = [&](Value v) { return Node::rank(v) == 1 && Node::dim(v, 0) == 1 ? n.reshape(v, {}) : v; };
  n.set(0, requantize(n, n.matmul(a, b), single(scaleA), single(n.in(4)), single(n.in(6)), single(n.in(7))));
  return success();
}

static LogicalResult qlinearConv(Node &n) {
  Value a = centered(n, n.in(0), n.in(2), 1), b = centered(n, n.in(3), n.in(5), Node::rank(n.in(3)));
  Value y = convolve(n, a, b);
  int64_t rank = Node::rank(y);
  if (n.has(8))
    y = n.add(y, perChannel(n, n.in(8), rank));
  Value scaleB = n.in(4);
  if (Node::rank(scaleB) == 1)
    scaleB = Node::dim(scaleB, 0) == 1 ? n.reshape(scaleB, {}) : perChannel(n, scaleB, rank);
  n.set(0, requantize(n, y, n.toScalar(n.in(1)), scaleB, n.toScalar(n.in(6)), n.toScalar(n.in(7))));
  return success();
}

static LogicalResult dynamicQuantize(Node &n) {
  Value x = n.in(0);
  Ints all = range(0, Node::rank(x));
  Type u8 = IntegerType::get(n.b.getContext(), 8, IntegerType::Unsigned);
  Value low = n.min(n.reduce(ReduceKind::min, x, all, false), 0);
  Value high = n.max(n.reduce(ReduceKind::max, x, all, false), 0);
  Value scale = n.div(n.sub(high, low), 255);
  Value zero = n.cast(n.make<graph::RoundOp>(n.clamp(n.div(n.neg(low), scale), 0, 255)), u8);
  n.set(0, quantize(n, x, scale, zero, u8));
  n.set(1, scale);
  n.set(2, zero);
  return success();
}

void tensel::onnx::addQuantized(HandlerTable &t) {
  t["QuantizeLinear"] = quantizeLinear;
  t["DequantizeLinear"] = dequantizeLinear;
  t["MatMulInteger"] = matmulInteger;
  t["ConvInteger"] = convInteger;
  t["QLinearMatMul"] = qlinearMatmul;
  t["QLinearConv"] = qlinearConv;
  t["DynamicQuantizeLinear"] = dynamicQuantize;
}
