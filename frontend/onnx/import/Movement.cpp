// Ops that make shapes and move elements without indices that depend on data.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;

static LogicalResult reshape(Node &n) {
  n.set(0, n.reshapeTo(n.in(0), n.in(1), n.intAttr("allowzero", 0) != 0));
  return success();
}

static LogicalResult shape(Node &n) {
  Value x = n.in(0);
  int64_t rank = Node::rank(x);
  auto place = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  int64_t start = place(n.intAttr("start", 0)), end = place(n.intAttr("end", rank));
  Value all = n.shapeOf(x);
  n.set(0, start == 0 && end == rank ? all : n.slice(all, 0, start, std::max(start, end)));
  return success();
}

static LogicalResult size(Node &n) {
  n.set(0, n.reduce(graph::ReduceKind::prod, n.shapeOf(n.in(0)), {0}, false));
  return success();
}

static LogicalResult transpose(Node &n) {
  Value x = n.in(0);
  Ints order = n.intsAttr("perm");
  if (!n.hasAttr("perm"))
    for (int64_t i = Node::rank(x); i-- > 0;)
      order.push_back(i);
  for (int64_t &axis : order)
    axis = n.axis(axis, Node::rank(x));
  n.set(0, n.transpose(x, order));
  return success();
}

static LogicalResult squeeze(Node &n) {
  Value x = n.in(0);
  Ints axes;
  bool given = n.opset() >= 13 ? n.has(1) : n.hasAttr("axes");
  if (given) {
    axes = n.axes(n.opset() >= 13 ? n.constantInts(1, "axes") : n.intsAttr("axes"), Node::rank(x));
  } else {
    for (int64_t i = 0; i < Node::rank(x); ++i) {
      if (!Node::isStatic(x, i))
        return n.fail("axes are left out, so every dim must be static");
      if (Node::dim(x, i) == 1)
        axes.push_back(i);
    }
  }
  n.set(0, n.squeeze(x, axes));
  return success();
}

static LogicalResult unsqueeze(Node &n) {
  Value x = n.in(0);
  Ints axes = n.opset() >= 13 ? n.constantInts(1, "axes") : n.intsAttr("axes");
  n.set(0, n.unsqueeze(x, n.axes(axes, Node::rank(x) + static_cast<int64_t>(axes.size()))));
  return success();
}

static LogicalResult flatten(Node &n) {
  Value x = n.in(0);
  int64_t rank = Node::rank(x), axis = n.intAttr("axis", 1);
  if (axis < -rank || axis > rank)
    return n.fail("axis " + Twine(axis) + " is outside of rank " + Twine(rank));
  if (rank == 0) {
    n.set(0, n.reshape(x, {1, 1}));
    return success();
  }
  n.set(0, n.make<graph::FlattenOp>(x, axis < 0 ? axis + rank : axis));
  return success();
}

static LogicalResult slice(Node &n) {
  Value x = n.in(0), starts, ends, steps;
  int64_t rank = Node::rank(x);
  Ints axes;
  if (n.opset() < 10) {
    starts = n.shape(n.intsAttr("starts"));
    ends = n.shape(n.intsAttr("ends"));
    axes = n.intsAttr("axes");
  } else {
    starts = n.checkShape(n.in(1));
    ends = n.checkShape(n.in(2));
    if (n.has(3))
      axes = n.constantInts(3, "axes");
    if (n.has(4))
      steps = n.checkShape(n.in(4));
  }
  if (n.failed())
    return failure();
  auto count = static_cast<size_t>(Node::dim(starts, 0));
  if (axes.empty())
    axes = range(0, static_cast<int64_t>(count));
  if (!steps)
    steps = n.shape(Ints(count, 1));
  for (int64_t &axis : axes)
    axis = n.axis(axis, rank);
  if (axes.size() != count)
    return n.fail("expected " + Twine(count) + " axes, found " + Twine(axes.size()));
  // Axes stay in the given order: starts, ends and steps go with them.
  n.set(0, n.make<graph::SliceOp>(x, starts, ends, steps, ArrayRef<int64_t>(axes)));
  return success();
}

static LogicalResult concat(Node &n) {
  SmallVector<Value> values;
  for (unsigned i = 0; i < n.numInputs(); ++i)
    if (n.has(i))
      values.push_back(n.in(i));
  if (values.empty())
    return n.fail("expected at least one input");
  n.set(0, n.concat(values, n.axis(n.intAttr("axis", 1), Node::rank(values[0]))));
  return success();
}

static LogicalResult split(Node &n) {
  Value x = n.in(0);
  int64_t axis = n.axis(n.intAttr("axis", 0), Node::rank(x)), dim = Node::dim(x, axis);
  Ints sizes = n.intsAttr("split");
  if (n.opset() >= 13)
    sizes = n.has(1) ? n.constantInts(1, "split") : Ints();
  if (n.failed())
    return failure();
  int64_t parts = n.numOutputs(), start = 0;
  if (!sizes.empty() && sizes.size() != n.numOutputs())
    return n.fail("expected " + Twine(parts) + " sizes, found " + Twine(sizes.size()));
  if (sizes.empty() && dim < 0) {
    // Equal parts of a dynamic dim.
    Value total = n.dimOf(x, axis), one = n.shape({1});
    Value part = n.div(n.add(total, static_cast<double>(parts - 1)), static_cast<double>(parts));
    for (int64_t i = 0; i < parts; ++i)
      n.set(static_cast<unsigned>(i),
            n.make<graph::SliceOp>(x, n.mul(part, static_cast<double>(i)), n.mul(part, static_cast<double>(i + 1)), one,
                                   ArrayRef<int64_t>{axis}));
    return success();
  }
  if (sizes.empty())
    for (int64_t part = (dim + parts - 1) / parts, left = dim; left > 0 || sizes.size() < n.numOutputs(); left -= part)
      sizes.push_back(std::clamp<int64_t>(left, 0, part));
  if (sizes.size() != n.numOutputs())
    return n.fail("dim " + Twine(dim) + " does not split into " + Twine(parts) + " parts");
  for (auto [i, size] : llvm::enumerate(sizes)) {
    if (size < 0)
      return n.fail("a split size is " + Twine(size) + ", expected 0 or more");
    n.set(static_cast<unsigned>(i), n.slice(x, axis, start, start + size));
    start += size;
  }
  if (dim >= 0 && start != dim)
    return n.fail("split sizes add up to " + Twine(start) + ", expected " + Twine(dim));
  return success();
}

static LogicalResult pad(Node &n) {
  Value x = n.in(0), pads, value;
  int64_t rank = Node::rank(x);
  if (n.opset() < 11) {
    pads = n.shape(n.intsAttr("pads"));
    value = n.like(x, n.floatAttr("value", 0));
  } else {
    pads = n.checkShape(n.in(1));
    value = n.has(2) ? n.toScalar(n.in(2)) : n.like(x, 0);
  }
  if (n.opset() >= 18 && n.has(3)) {
    Ints axes = n.constantInts(3, "axes");
    auto count = static_cast<int64_t>(axes.size());
    SmallVector<Value> pieces(static_cast<size_t>(2 * rank), n.shape({0}));
    for (auto [i, axis] : llvm::enumerate(axes)) {
      auto at = static_cast<int64_t>(i);
      auto place = static_cast<size_t>(n.axis(axis, rank));
      pieces[place] = n.slice(pads, 0, at, at + 1);
      pieces[place + static_cast<size_t>(rank)] = n.slice(pads, 0, at + count, at + count + 1);
    }
    pads = n.shapeFrom(pieces);
  }
  if (auto ints = n.known(pads))
    pads = n.shape(*ints);
  auto mode = graph::symbolizePadMode(n.stringAttr("mode", "constant"));
  if (!mode)
    return n.fail("mode is '" + n.stringAttr("mode", "") + "', expected constant, reflect, edge or wrap");
  n.set(0, n.make<graph::PadOp>(*mode, x, pads, value));
  return success();
}

static LogicalResult expand(Node &n) {
  n.set(0, n.expand(n.in(0), n.in(1)));
  return success();
}

static LogicalResult tile(Node &n) {
  n.set(0, n.make<graph::TileOp>(n.in(0), n.checkShape(n.in(1))));
  return success();
}

static LogicalResult constant(Node &n) {
  const TensorProto *tensor = nullptr;
  if (const AttributeProto *value = n.attr("value"); value && !value->tensors.empty())
    tensor = &value->tensors[0];
  if (tensor) {
    n.set(0, n.tensor(*tensor));
  } else if (n.hasAttr("value_float")) {
    n.set(0, n.scalar(n.f32(), n.floatAttr("value_float", 0)));
  } else if (n.hasAttr("value_floats")) {
    n.set(0, n.floats(n.floatsAttr("value_floats"), n.f32()));
  } else if (n.hasAttr("value_int")) {
    auto type = RankedTensorType::get({}, n.i64());
    n.set(0, n.constant(DenseElementsAttr::get(type, n.intAttr("value_int", 0))));
  } else if (n.hasAttr("value_ints")) {
    n.set(0, n.shape(n.intsAttr("value_ints")));
  } else {
    return n.fail("expected a dense number attribute 'value'");
  }
  return success();
}

static LogicalResult constantOfShape(Node &n) {
  Value value = n.scalar(n.f32(), 0);
  if (const AttributeProto *given = n.attr("value"); given && !given->tensors.empty())
    value = n.toScalar(n.tensor(given->tensors[0]));
  n.set(0, n.expand(value, n.in(0)));
  return success();
}

static LogicalResult makeRange(Node &n) {
  n.set(0, n.make<graph::RangeOp>(n.toScalar(n.in(0)), n.toScalar(n.in(1)), n.toScalar(n.in(2))));
  return success();
}

/// column - row of every element of the last two dims.
static Value diagonal(Node &n, Value x) {
  int64_t rank = Node::rank(x);
  Value rows = n.iota(n.dimOf(x, rank - 2), 0, n.i64());
  return n.sub(n.iota(n.dimOf(x, rank - 1), 0, n.i64()), n.unsqueeze(rows, {1}));
}

static LogicalResult eyeLike(Node &n) {
  Value x = n.in(0);
  if (Node::rank(x) != 2)
    return n.fail("expected a tensor of rank 2");
  Type type = n.typeAttr("dtype", Node::elem(x));
  n.set(0, n.cast(n.compare(graph::ComparePredicate::eq, diagonal(n, x), static_cast<double>(n.intAttr("k", 0))), type));
  return success();
}

static LogicalResult trilu(Node &n) {
  Value x = n.in(0);
  if (Node::rank(x) < 2)
    return n.fail("expected a tensor of rank 2 or more");
  Value k = n.has(1) ? n.toScalar(n.in(1)) : n.scalar(n.i64(), 0);
  auto keep = n.intAttr("upper", 1) ? graph::ComparePredicate::ge : graph::ComparePredicate::le;
  n.set(0, n.select(n.compare(keep, diagonal(n, x), k), x, 0));
  return success();
}

/// Products of dims for the two block rearrangements.
static Value scaled(Node &n, Value dim, int64_t up, int64_t down) {
  return n.div(n.mul(dim, static_cast<double>(up)), static_cast<double>(down));
}

static LogicalResult depthToSpace(Node &n) {
  Value x = n.in(0);
  int64_t block = n.intAttr("blocksize", 1);
  if (Node::rank(x) != 4 || block < 1)
    return n.fail("expected a tensor of rank 4 and a blocksize of 1 or more");
  bool crd = n.stringAttr("mode", "DCR") == "CRD";
  Value batch = n.dimOf(x, 0), h = n.dimOf(x, 2), w = n.dimOf(x, 3), side = n.shape({block});
  Value depth = scaled(n, n.dimOf(x, 1), 1, block * block);
  Value apart =
      n.reshapeTo(x, crd ? n.shapeFrom({batch, depth, side, side, h, w}) : n.shapeFrom({batch, side, side, depth, h, w}));
  Value moved = n.transpose(apart, crd ? Ints{0, 1, 4, 2, 5, 3} : Ints{0, 3, 4, 1, 5, 2});
  n.set(0, n.reshapeTo(moved, n.shapeFrom({batch, depth, scaled(n, h, block, 1), scaled(n, w, block, 1)})));
  return success();
}

static LogicalResult spaceToDepth(Node &n) {
  Value x = n.in(0);
  int64_t block = n.intAttr("blocksize", 1);
  if (Node::rank(x) != 4 || block < 1)
    return n.fail("expected a tensor of rank 4 and a blocksize of 1 or more");
  bool crd = n.stringAttr("mode", "DCR") == "CRD";
  Value batch = n.dimOf(x, 0), depth = n.dimOf(x, 1), side = n.shape({block});
  Value h = scaled(n, n.dimOf(x, 2), 1, block), w = scaled(n, n.dimOf(x, 3), 1, block);
  Value apart = n.reshapeTo(x, n.shapeFrom({batch, depth, h, side, w, side}));
  Value moved = n.transpose(apart, crd ? Ints{0, 1, 3, 5, 2, 4} : Ints{0, 3, 5, 1, 2, 4});
  n.set(0, n.reshapeTo(moved, n.shapeFrom({batch, scaled(n, depth, block * block, 1), h, w})));
  return success();
}

static LogicalResult centerCropPad(Node &n) {
  Value x = n.in(0);
  Ints wanted = n.constantInts(1, "shape"), axes = n.intsAttr("axes");
  int64_t rank = Node::rank(x);
  if (axes.empty())
    axes = range(0, rank);
  if (axes.size() != wanted.size())
    return n.fail("expected " + Twine(axes.size()) + " sizes, found " + Twine(wanted.size()));
  Ints low(static_cast<size_t>(rank), 0), high = low;
  for (auto [axis, size] : llvm::zip(axes, wanted)) {
    int64_t at = n.axis(axis, rank), dim = Node::dim(x, at);
    if (dim < 0)
      return n.fail("expected static dims");
    // Negative pads crop; the odd element goes to the end.
    int64_t before = size >= dim ? (size - dim) / 2 : -((dim - size) / 2);
    low[static_cast<size_t>(at)] = before;
    high[static_cast<size_t>(at)] = size - dim - before;
  }
  n.set(0, n.pad(x, low, high, n.like(x, 0)));
  return success();
}

void tensel::onnx::addMovement(HandlerTable &t) {
  t["Reshape"] = reshape;
  t["Shape"] = shape;
  t["Size"] = size;
  t["Transpose"] = transpose;
  t["Squeeze"] = squeeze;
  t["Unsqueeze"] = unsqueeze;
  t["Flatten"] = flatten;
  t["Slice"] = slice;
  t["Concat"] = concat;
  t["Split"] = split;
  t["Pad"] = pad;
  t["Expand"] = expand;
  t["Tile"] = tile;
  t["Constant"] = constant;
  t["ConstantOfShape"] = constantOfShape;
  t["Range"] = makeRange;
  t["EyeLike"] = eyeLike;
  t["Trilu"] = trilu;
  t["DepthToSpace"] = depthToSpace;
  t["SpaceToDepth"] = spaceToDepth;
  t["CenterCropPad"] = centerCropPad;
}
