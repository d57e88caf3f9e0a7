// Reductions, arg-reductions, softmax, running sums, top-k.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ReduceKind;

/// Axes come as an attribute before `inputSince`, as an input from then on.
static std::optional<Ints> reduceAxes(Node &n, int64_t inputSince) {
  int64_t rank = Node::rank(n.in(0));
  Ints axes;
  if (n.opset() >= inputSince) {
    if (n.has(1))
      axes = n.constantInts(1, "axes");
  } else {
    axes = n.intsAttr("axes");
  }
  if (axes.empty()) {
    if (n.intAttr("noop_with_empty_axes", 0))
      return std::nullopt;
    return range(0, rank);
  }
  return n.axes(axes, rank);
}

template <ReduceKind kind, int64_t since, auto before, auto after>
static LogicalResult reduce(Node &n) {
  Value x = before(n, n.in(0));
  std::optional<Ints> axes = reduceAxes(n, since);
  if (axes) {
    // The graph dialect has no order on bools; ONNX takes them as 0 and 1.
    bool flags = Node::isBool(x);
    if (flags)
      x = n.cast(x, IntegerType::get(n.b.getContext(), 8, IntegerType::Unsigned));
    x = n.reduce(kind, x, *axes, n.intAttr("keepdims", 1) != 0);
    if (flags)
      x = n.cast(x, n.b.getI1Type());
  }
  n.set(0, after(n, x));
  return success();
}

static Value same(Node &, Value x) { return x; }
static Value square(Node &n, Value x) { return n.mul(x, x); }
static Value absolute(Node &n, Value x) { return n.abs(x); }
static Value logOf(Node &n, Value x) { return n.log(x); }
static Value rootOf(Node &n, Value x) {
  if (isa<FloatType>(Node::elem(x)))
    return n.sqrt(x);
  return n.cast(n.sqrt(n.cast(x, n.b.getF64Type())), Node::elem(x));
}

/// log(sum(exp(x))), shifted by the maximum so that it cannot overflow.
static LogicalResult logSumExp(Node &n) {
  Value x = n.in(0);
  std::optional<Ints> axes = reduceAxes(n, 18);
  if (!axes) {
    n.set(0, x);
    return success();
  }
  Value top = n.reduce(ReduceKind::max, x, *axes, true);
  // An infinite maximum would make inf - inf.
  Value infinite = n.make<graph::IsInfOp>(top, true, true);
  Value shift = n.select(infinite, 0, top);
  Value sum = n.reduce(ReduceKind::sum, n.exp(n.sub(x, shift)), *axes, true);
  Value result = n.add(n.log(sum), shift);
  n.set(0, n.intAttr("keepdims", 1) ? result : n.squeeze(result, *axes));
  return success();
}

template <ReduceKind kind>
static LogicalResult argReduce(Node &n) {
  Value x = n.in(0);
  n.set(0, n.make<graph::ArgReduceOp>(kind, x, n.axis(n.intAttr("axis", 0), Node::rank(x)), n.intAttr("keepdims", 1) != 0,
                                      n.intAttr("select_last_index", 0) != 0));
  return success();
}

/// Until opset 12 softmax worked on the 2-D view [dims before axis, the rest].
static Value softmaxOver(Node &n, Value x, bool log) {
  int64_t rank = Node::rank(x);
  int64_t axis = n.axis(n.intAttr("axis", n.opset() < 13 ? 1 : -1), std::max<int64_t>(rank, 1));
  if (rank == 0)
    return log ? n.sub(x, x) : n.div(x, x);
  if (n.opset() >= 13 || axis == rank - 1)
    return n.make<graph::SoftmaxOp>(x, axis, log);
  Value flat = n.make<graph::FlattenOp>(x, axis);
  return n.reshapeTo(n.make<graph::SoftmaxOp>(flat, 1, log), n.shapeOf(x), true);
}

template <bool log>
static LogicalResult softmax(Node &n) {
  n.set(0, softmaxOver(n, n.in(0), log));
  return success();
}

/// One where the first maximum along the axis is, zero elsewhere.
static LogicalResult hardmax(Node &n) {
  Value x = n.in(0), source = x;
  int64_t rank = Node::rank(x);
  int64_t axis = n.axis(n.intAttr("axis", n.opset() < 13 ? 1 : -1), rank);
  if (n.opset() < 13 && axis != rank - 1) {
    x = n.make<graph::FlattenOp>(x, axis);
    axis = 1;
  }
  Value best = n.make<graph::ArgReduceOp>(ReduceKind::max, x, axis, true, false);
  Value place = n.iota(n.shapeOf(x), axis, n.i64());
  Value hot = n.cast(n.compare(graph::ComparePredicate::eq, place, best), Node::elem(x));
  n.set(0, x == source ? hot : n.reshapeTo(hot, n.shapeOf(source), true));
  return success();
}

template <ReduceKind kind>
static LogicalResult cumulate(Node &n) {
  Value x = n.in(0);
  Ints axis = n.constantInts(1, "axis");
  if (axis.size() != 1)
    return n.fail("expected one axis");
  n.set(0, n.make<graph::CumulateOp>(kind, x, n.axis(axis[0], Node::rank(x)), n.intAttr("exclusive", 0) != 0,
                                     n.intAttr("reverse", 0) != 0));
  return success();
}

static LogicalResult topK(Node &n) {
  Value x = n.in(0);
  Value k = n.opset() < 10 ? n.shape({n.intAttr("k", 1)}) : n.checkShape(n.in(1));
  auto both = n.makeAll<graph::TopKOp>(x, k, n.axis(n.intAttr("axis", -1), Node::rank(x)), n.intAttr("largest", 1) != 0);
  n.set(0, both[0]);
  n.set(1, both[1]);
  return success();
}

static LogicalResult lpNormalization(Node &n) {
  Value x = n.in(0);
  Ints axis = {n.axis(n.intAttr("axis", -1), Node::rank(x))};
  Value norm = n.intAttr("p", 2) == 1 ? n.reduce(ReduceKind::sum, n.abs(x), axis, true)
                                      : n.sqrt(n.reduce(ReduceKind::sum, n.mul(x, x), axis, true));
  Value zero = n.compare(graph::ComparePredicate::eq, norm, 0);
  n.set(0, n.select(zero, 0, n.div(x, n.select(zero, 1, norm))));
  return success();
}

void tensel::onnx::addReductions(HandlerTable &t) {
  t["ReduceSum"] = reduce<ReduceKind::sum, 13, same, same>;
  t["ReduceMean"] = reduce<ReduceKind::mean, 18, same, same>;
  t["ReduceMax"] = reduce<ReduceKind::max, 18, same, same>;
  t["ReduceMin"] = reduce<ReduceKind::min, 18, same, same>;
  t["ReduceProd"] = reduce<ReduceKind::prod, 18, same, same>;
  t["ReduceL1"] = reduce<ReduceKind::sum, 18, absolute, same>;
  t["ReduceL2"] = reduce<ReduceKind::sum, 18, square, rootOf>;
  t["ReduceSumSquare"] = reduce<ReduceKind::sum, 18, square, same>;
  t["ReduceLogSum"] = reduce<ReduceKind::sum, 18, same, logOf>;
  t["ReduceLogSumExp"] = logSumExp;
  t["ArgMax"] = argReduce<ReduceKind::max>;
  t["ArgMin"] = argReduce<ReduceKind::min>;
  t["Softmax"] = softmax<false>;
  t["LogSoftmax"] = softmax<true>;
  t["Hardmax"] = hardmax;
  t["CumSum"] = cumulate<ReduceKind::sum>;
  t["CumProd"] = cumulate<ReduceKind::prod>;
  t["TopK"] = topK;
  t["LpNormalization"] = lpNormalization;
}
