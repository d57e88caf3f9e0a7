// Normalizations and dropout (as inference sees it).
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ReduceKind;

static APFloat epsilon(Node &n, double fallback = 1e-5) { return APFloat(n.floatAttr("epsilon", fallback)); }

/// [C] to something that broadcasts against [N, C, ...].
static Value overChannels(Node &n, Value v, Value x) {
  Ints axes;
  for (int64_t i = 1; i < Node::rank(x) - 1; ++i)
    axes.push_back(i);
  return n.unsqueeze(v, axes);
}

/// Training mode: normalizes by the batch's statistics and gives running ones.
static LogicalResult trainBatchNorm(Node &n) {
  Value x = n.in(0);
  Ints axes = {0};
  for (int64_t i = 2; i < Node::rank(x); ++i)
    axes.push_back(i);
  Value mean = n.reduce(ReduceKind::mean, x, axes, false);
  Value centered = n.sub(x, overChannels(n, mean, x));
  Value variance = n.reduce(ReduceKind::mean, n.mul(centered, centered), axes, false);
  n.set(0, n.make<graph::BatchNormOp>(x, n.in(1), n.in(2), mean, variance, epsilon(n)));
  double momentum = n.floatAttr("momentum", 0.9);
  auto running = [&](Value old, Value now) { return n.add(n.mul(old, momentum), n.mul(now, 1 - momentum)); };
  n.set(1, running(n.in(3), mean));
  n.set(2, running(n.in(4), variance));
  return success();
}

static LogicalResult batchNorm(Node &n) {
  if (n.opset() >= 14 && n.intAttr("training_mode", 0))
    return trainBatchNorm(n);
  Value x = n.in(0);
  Type type = Node::elem(x);
  auto same = [&](unsigned i) { return n.cast(n.in(i), type); };
  n.set(0, n.make<graph::BatchNormOp>(x, same(1), same(2), same(3), same(4), epsilon(n)));
  return success();
}

static LogicalResult instanceNorm(Node &n) {
  n.set(0, n.make<graph::InstanceNormOp>(n.in(0), n.in(1), n.in(2), epsilon(n)));
  return success();
}

static LogicalResult groupNorm(Node &n) {
  Value x = n.in(0), scale = n.in(1), bias = n.in(2);
  int64_t groups = n.intAttr("num_groups", 1), channels = Node::dim(x, 1);
  if (groups < 1 || channels < 0 || channels % groups)
    return n.fail("expected static channels in equal groups");
  // Version 18 gave one scale per group.
  auto perChannel = [&](Value v) {
    if (Node::dim(v, 0) == channels)
      return v;
    return n.reshape(n.expand(n.unsqueeze(v, {1}), n.shape({groups, channels / groups})), {-1});
  };
  Type type = Node::elem(x), wide = n.intAttr("stash_type", 1) == 1 ? n.f32() : type;
  if (n.opset() < 21)
    wide = type;
  Value y = n.make<graph::GroupNormOp>(n.cast(x, wide), n.cast(perChannel(scale), wide), n.cast(perChannel(bias), wide), groups,
                                       epsilon(n));
  n.set(0, n.cast(y, type));
  return success();
}

static LogicalResult layerNorm(Node &n) {
  Value x = n.in(0);
  int64_t rank = Node::rank(x), axis = n.axis(n.intAttr("axis", -1), rank);
  Value bias = n.has(2) ? n.in(2) : Value();
  n.set(0, n.make<graph::LayerNormOp>(x, n.in(1), bias, axis, epsilon(n)));
  if (!n.wants(1) && !n.wants(2))
    return success();
  Ints axes = range(axis, rank);
  Value wide = n.cast(x, n.f32());
  Value mean = n.reduce(ReduceKind::mean, wide, axes, true);
  Value centered = n.sub(wide, mean);
  Value variance = n.reduce(ReduceKind::mean, n.mul(centered, centered), axes, true);
  n.set(1, mean);
  n.set(2, n.make<graph::RsqrtOp>(n.add(variance, n.floatAttr("epsilon", 1e-5))));
  return success();
}

static LogicalResult rmsNorm(Node &n) {
  Value x = n.in(0);
  int64_t axis = n.axis(n.intAttr("axis", -1), Node::rank(x));
  n.set(0, n.make<graph::RmsNormOp>(x, n.cast(n.in(1), Node::elem(x)), axis, epsilon(n)));
  return success();
}

/// x / (bias + alpha / size * sum of squares over neighbouring channels)^beta.
static LogicalResult lrn(Node &n) {
  Value x = n.in(0);
  int64_t rank = Node::rank(x), size = n.intAttr("size", 1), channels = Node::dim(x, 1);
  if (rank < 2 || size < 1 || channels < 0)
    return n.fail("expected a static number of channels and a size of 1 or more");
  Ints low(static_cast<size_t>(rank), 0), high = low;
  low[1] = (size - 1) / 2;
  high[1] = size - 1 - low[1];
  // A sum over a sliding window of channels: pool along that dim alone.
  Value squares = n.mul(x, x), flat = n.reshape(squares, {0, 0, -1});
  Value rows = n.unsqueeze(flat, {1}); // [N, 1, C, spatial]
  Value sum =
      n.make<graph::PoolOp>(ReduceKind::sum, rows, ArrayRef<int64_t>{size, 1}, ArrayRef<int64_t>{1, 1}, ArrayRef<int64_t>{1, 1},
                            ArrayRef<int64_t>{low[1], 0}, ArrayRef<int64_t>{high[1], 0}, false, false);
  Value back = n.reshapeTo(n.squeeze(sum, {1}), n.shapeOf(x), true);
  Value scale = n.add(n.mul(back, n.floatAttr("alpha", 1e-4) / static_cast<double>(size)), n.floatAttr("bias", 1));
  n.set(0, n.div(x, n.pow(scale, n.floatAttr("beta", 0.75))));
  return success();
}

static LogicalResult meanVariance(Node &n) {
  Value x = n.in(0);
  Ints axes = n.axes(n.intsAttr("axes", {0, 2, 3}), Node::rank(x));
  Value centered = n.sub(x, n.reduce(ReduceKind::mean, x, axes, true));
  Value variance = n.reduce(ReduceKind::mean, n.mul(centered, centered), axes, true);
  n.set(0, n.div(centered, n.add(n.sqrt(variance), 1e-9)));
  return success();
}

static LogicalResult dropout(Node &n) {
  if (n.opset() >= 12 && n.has(2)) {
    std::optional<Ints> training = n.known(n.in(2));
    bool off = training && training->size() == 1 && (*training)[0] == 0;
    // A ratio of 0 drops nothing, in training too.
    std::optional<SmallVector<double>> ratio;
    if (n.has(1))
      ratio = n.knownFloats(n.in(1));
    off |= ratio && ratio->size() == 1 && (*ratio)[0] == 0;
    if (!off)
      return n.fail("training mode is not supported, expected inference");
  }
  Value x = n.in(0);
  n.set(0, x);
  if (n.wants(1))
    n.set(1, n.expand(n.scalar(n.opset() >= 10 ? n.b.getI1Type() : Node::elem(x), 1), n.shapeOf(x)));
  return success();
}

void tensel::onnx::addNormalizations(HandlerTable &t) {
  t["BatchNormalization"] = batchNorm;
  t["InstanceNormalization"] = instanceNorm;
  t["GroupNormalization"] = groupNorm;
  t["LayerNormalization"] = layerNorm;
  t["RMSNormalization"] = rmsNorm;
  t["LRN"] = lrn;
  t["MeanVarianceNormalization"] = meanVariance;
  t["Dropout"] = dropout;
}
