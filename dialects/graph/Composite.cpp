// Composite ops in terms of other graph ops: softmax and the normalizations. f16 and bf16 are normalized in f32,
// because squares of halves overflow.
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace tensel::graph;

namespace {
/// A small vocabulary over graph ops at one place in the program.
struct Writer {
  OpBuilder &b;
  Location loc;

  Value add(Value x, Value y) { return AddOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return SubOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return MulOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return DivOp::create(b, loc, x, y); }
  Value reduce(ReduceKind kind, Value x, ArrayRef<int64_t> axes) {
    return ReduceOp::create(b, loc, kind, x, axes, /*keep_dims=*/true);
  }
  Value number(Value like, double value) { return makeScalar(b, loc, elementTypeOf(like), value); }
  Value cast(Value x, Type element) { return elementTypeOf(x) == element ? x : Value(CastOp::create(b, loc, x, element)); }
  /// f16 and bf16 as f32.
  Value widen(Value x) {
    Type type = elementTypeOf(x);
    return isa<FloatType>(type) && type.getIntOrFloatBitWidth() < 32 ? cast(x, b.getF32Type()) : x;
  }
  /// x / sqrt(mean(x^2 over axes) + epsilon).
  Value scaleToUnit(Value x, ArrayRef<int64_t> axes, double epsilon) {
    Value variance = reduce(ReduceKind::mean, mul(x, x), axes);
    Value deviation = SqrtOp::create(b, loc, add(variance, number(x, epsilon)));
    return div(x, deviation);
  }
  /// x with its mean over axes taken off and its deviation brought to 1.
  Value standardize(Value x, ArrayRef<int64_t> axes, double epsilon) {
    return scaleToUnit(sub(x, reduce(ReduceKind::mean, x, axes)), axes, epsilon);
  }
  /// A [C] parameter as [C, 1, ...], to meet dim 1 of a tensor of `rank`.
  Value perChannel(Value parameter, int64_t rank) {
    auto axes = llvm::to_vector(llvm::seq<int64_t>(1, rank - 1));
    return axes.empty() ? parameter : Value(UnsqueezeOp::create(b, loc, parameter, axes));
  }
};
} // namespace

static SmallVector<int64_t> axesFrom(int64_t first, int64_t rank) { return llvm::to_vector(llvm::seq<int64_t>(first, rank)); }

SmallVector<Value> SoftmaxOp::decompose(OpBuilder &b) {
  Writer w{b, getLoc()};
  Type element = elementTypeOf(getInput());
  Value x = w.widen(getInput());
  SmallVector<int64_t> axes = {static_cast<int64_t>(getAxis())};
  Value shifted = w.sub(x, w.reduce(ReduceKind::max, x, axes));
  Value exponentials = ExpOp::create(b, getLoc(), shifted);
  Value sum = w.reduce(ReduceKind::sum, exponentials, axes);
  if (getLog())
    return {w.cast(w.sub(shifted, LogOp::create(b, getLoc(), sum)), element)};
  return {w.cast(w.div(exponentials, sum), element)};
}

SmallVector<Value> LayerNormOp::decompose(OpBuilder &b) {
  Writer w{b, getLoc()};
  Type element = elementTypeOf(getInput());
  Value normal = w.standardize(w.widen(getInput()), axesFrom(getAxis(), rankOf(getInput())), getEpsilon().convertToDouble());
  Value result = w.mul(w.cast(normal, elementTypeOf(getScale())), getScale());
  if (getBias())
    result = w.add(result, getBias());
  return {w.cast(result, element)};
}

SmallVector<Value> RmsNormOp::decompose(OpBuilder &b) {
  Writer w{b, getLoc()};
  Type element = elementTypeOf(getInput());
  Value normal = w.scaleToUnit(w.widen(getInput()), axesFrom(getAxis(), rankOf(getInput())), getEpsilon().convertToDouble());
  return {w.cast(w.mul(w.cast(normal, elementTypeOf(getScale())), getScale()), element)};
}

SmallVector<Value> BatchNormOp::decompose(OpBuilder &b) {
  Writer w{b, getLoc()};
  int64_t rank = rankOf(getInput());
  Type element = elementTypeOf(getInput());
  // One multiplication and one addition per element: the factors are constants when the statistics are.
  Value mean = w.widen(getMean()), variance = w.widen(getVariance()), scale = w.widen(getScale()), bias = w.widen(getBias());
  Value deviation = SqrtOp::create(b, getLoc(), w.add(variance, w.number(variance, getEpsilon().convertToDouble())));
  Value factor = w.div(w.cast(scale, elementTypeOf(deviation)), deviation);
  Value offset = w.sub(w.cast(bias, elementTypeOf(mean)), w.mul(mean, factor));
  Value x = w.cast(w.widen(getInput()), elementTypeOf(factor));
  return {w.cast(w.add(w.mul(x, w.perChannel(factor, rank)), w.perChannel(offset, rank)), element)};
}

SmallVector<Value> InstanceNormOp::decompose(OpBuilder &b) {
  Writer w{b, getLoc()};
  int64_t rank = rankOf(getInput());
  Value normal = w.standardize(w.widen(getInput()), axesFrom(2, rank), getEpsilon().convertToDouble());
  Value scale = w.perChannel(w.widen(getScale()), rank), bias = w.perChannel(w.widen(getBias()), rank);
  return {w.cast(w.add(w.mul(normal, scale), bias), elementTypeOf(getInput()))};
}

SmallVector<Value> GroupNormOp::decompose(OpBuilder &b) {
  Writer w{b, getLoc()};
  Location loc = getLoc();
  int64_t rank = rankOf(getInput()), groups = getGroups();
  Value x = w.widen(getInput());
  // [N, C, spatial...] -> [N, groups, everything else] and back to the input's own shape.
  Value grouped = ReshapeOp::create(b, loc, x, makeShape(b, loc, {0, groups, -1}));
  Value normal = w.standardize(grouped, {2}, getEpsilon().convertToDouble());
  Value shape = ShapeOfOp::create(b, loc, x);
  Value restored = ReshapeOp::create(b, loc, normal, shape);
  Value scale = w.perChannel(w.widen(getScale()), rank), bias = w.perChannel(w.widen(getBias()), rank);
  return {w.cast(w.add(w.mul(restored, scale), bias), elementTypeOf(getInput()))};
}
