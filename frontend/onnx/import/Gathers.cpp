// Indexed reads and writes.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;

/// Indices as i32 or i64, which is what the graph dialect takes.
static Value indices(Node &n, unsigned i) {
  Value v = n.in(i);
  Type type = Node::elem(v);
  return type.isSignlessInteger(32) || type.isSignlessInteger(64) ? v : n.cast(v, n.i64());
}

static LogicalResult gather(Node &n) {
  Value data = n.in(0);
  n.set(0, n.make<graph::GatherOp>(data, indices(n, 1), n.axis(n.intAttr("axis", 0), Node::rank(data))));
  return success();
}

static LogicalResult gatherElements(Node &n) {
  Value data = n.in(0);
  n.set(0, n.make<graph::GatherElementsOp>(data, indices(n, 1), n.axis(n.intAttr("axis", 0), Node::rank(data))));
  return success();
}

static LogicalResult gatherNd(Node &n) {
  n.set(0, n.make<graph::GatherNdOp>(n.in(0), indices(n, 1), n.intAttr("batch_dims", 0)));
  return success();
}

static std::optional<graph::ScatterKind> scatterKind(Node &n) {
  auto kind = graph::symbolizeScatterKind(n.stringAttr("reduction", "none"));
  if (!kind)
    (void)n.fail("reduction is '" + n.stringAttr("reduction", "") + "', expected none, add, mul, max or min");
  return kind;
}

static LogicalResult scatterElements(Node &n) {
  Value data = n.in(0);
  auto kind = scatterKind(n);
  if (!kind)
    return failure();
  n.set(0, n.make<graph::ScatterElementsOp>(*kind, data, indices(n, 1), n.in(2), n.axis(n.intAttr("axis", 0), Node::rank(data))));
  return success();
}

static LogicalResult scatterNd(Node &n) {
  auto kind = scatterKind(n);
  if (!kind)
    return failure();
  n.set(0, n.make<graph::ScatterNdOp>(*kind, n.in(0), indices(n, 1), n.in(2)));
  return success();
}

/// The indices of all non-zero elements, [rank, their number].
static Value placesOfNonZero(Node &n, Value x) {
  Value counted = n.cast(n.compare(graph::ComparePredicate::ne, x, 0), n.i64());
  Value count = n.reduce(graph::ReduceKind::sum, counted, range(0, Node::rank(x)), /*keepDims=*/false);
  return n.make<graph::NonZeroOp>(x, n.reshape(count, {1}));
}

static LogicalResult nonZero(Node &n) {
  n.set(0, placesOfNonZero(n, n.in(0)));
  return success();
}

/// The slices along axis (of the flat tensor without one) whose condition holds.
static LogicalResult compress(Node &n) {
  Value x = n.in(0);
  int64_t axis = 0;
  if (n.hasAttr("axis"))
    axis = n.axis(n.intAttr("axis", 0), Node::rank(x));
  else
    x = n.reshape(x, {-1});
  Value places = n.squeeze(placesOfNonZero(n, n.in(1)), {0});
  n.set(0, n.make<graph::GatherOp>(x, places, axis));
  return success();
}

static LogicalResult oneHot(Node &n) {
  Value places = n.cast(n.in(0), n.i64());
  int64_t rank = Node::rank(places), axis = n.axis(n.intAttr("axis", -1), rank + 1);
  Value depth = n.cast(n.in(1), n.i64());
  depth = Node::rank(depth) == 1 ? depth : n.reshape(depth, {1});
  if (auto ints = n.known(depth))
    depth = n.shape(*ints);
  places = n.select(n.compare(graph::ComparePredicate::lt, places, 0), n.add(places, depth), places);
  Value counter = n.iota(depth, 0, n.i64());
  // The counter runs along `axis`: dims of 1 behind it.
  Ints behind = range(1, rank - axis + 1);
  counter = n.unsqueeze(counter, behind);
  Value hot = n.compare(graph::ComparePredicate::eq, n.unsqueeze(places, {axis}), counter);
  Value values = n.in(2);
  Value off = n.toScalar(n.slice(values, 0, 0, 1)), on = n.toScalar(n.slice(values, 0, 1, 2));
  n.set(0, n.select(hot, on, off));
  return success();
}

/// Turns around the first sequence_lens[b] steps of each batch entry.
static LogicalResult reverseSequence(Node &n) {
  Value x = n.in(0), lengths = n.cast(n.in(1), n.i64());
  int64_t time = n.intAttr("time_axis", 0), batch = n.intAttr("batch_axis", 1);
  int64_t rank = Node::rank(x);
  if (rank < 2 || time + batch != 1 || time < 0 || time > 1)
    return n.fail("expected time_axis and batch_axis to be 0 and 1");
  Ints trailing = range(1, rank - batch);
  Value length = n.unsqueeze(lengths, trailing);
  Value step = n.iota(n.shapeOf(x), time, n.i64());
  Value place = n.select(n.compare(graph::ComparePredicate::lt, step, length), n.sub(n.sub(length, 1), step), step);
  n.set(0, n.make<graph::GatherElementsOp>(x, place, time));
  return success();
}

/// Writes `update` [batch, ..., steps, ...] into a cache at write_indices[batch].
static LogicalResult tensorScatter(Node &n) {
  Value cache = n.in(0), update = n.in(1);
  int64_t rank = Node::rank(cache), axis = n.axis(n.intAttr("axis", -2), rank);
  Value start = n.has(2) ? n.cast(n.in(2), n.i64()) : n.zeros(n.dimOf(cache, 0), n.i64());
  Value place = n.iota(n.shapeOf(update), axis, n.i64());
  place = n.add(place, n.unsqueeze(start, range(1, rank)));
  if (n.stringAttr("mode", "linear") == "circular")
    place = n.make<graph::ModOp>(place, n.toScalar(n.dimOf(cache, axis)));
  n.set(0, n.make<graph::ScatterElementsOp>(graph::ScatterKind::none, cache, place, update, axis));
  return success();
}

void tensel::onnx::addGathers(HandlerTable &t) {
  t["Gather"] = gather;
  t["GatherElements"] = gatherElements;
  t["GatherND"] = gatherNd;
  t["ScatterElements"] = scatterElements;
  t["Scatter"] = scatterElements;
  t["ScatterND"] = scatterNd;
  t["NonZero"] = nonZero;
  t["Compress"] = compress;
  t["OneHot"] = oneHot;
  t["ReverseSequence"] = reverseSequence;
  t["TensorScatter"] = tensorScatter;
}
