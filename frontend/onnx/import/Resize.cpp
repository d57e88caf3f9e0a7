// Resize and its predecessor Upsample.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;

/// Sizes or scales for all dims from those of `axes`, ones and the input's dims elsewhere.
static Value forAllDims(Node &n, Value x, Value values, ArrayRef<int64_t> axes, bool areSizes) {
  SmallVector<Value> pieces;
  for (int64_t i = 0; i < Node::rank(x); ++i)
    pieces.push_back(areSizes ? n.dimOf(x, i) : n.floats({1}, n.f32()));
  for (auto [i, axis] : llvm::enumerate(axes)) {
    auto at = static_cast<int64_t>(i);
    pieces[static_cast<size_t>(axis)] = n.slice(values, 0, at, at + 1);
  }
  if (areSizes)
    return n.shapeFrom(pieces);
  if (auto known = n.knownFloats(values); known && known->size() == axes.size()) {
    SmallVector<double> all(static_cast<size_t>(Node::rank(x)), 1);
    for (auto [axis, value] : llvm::zip(axes, *known))
      all[static_cast<size_t>(axis)] = value;
    return n.floats(all, n.f32());
  }
  return n.concat(pieces, 0);
}

static bool present(Node &n, unsigned i) { return n.has(i) && Node::dim(n.in(i), 0) != 0; }

/// keep_aspect_ratio_policy: one scale for all resized dims.
static LogicalResult keepAspect(Node &n, Value x, ArrayRef<int64_t> axes, Ints &sizes, bool larger) {
  std::optional<double> scale;
  for (auto [axis, size] : llvm::zip(axes, sizes)) {
    int64_t dim = Node::dim(x, axis);
    if (dim < 1)
      return n.fail("keep_aspect_ratio_policy needs static dims");
    double ratio = static_cast<double>(size) / static_cast<double>(dim);
    scale = !scale ? ratio : larger ? std::max(*scale, ratio) : std::min(*scale, ratio);
  }
  for (auto [axis, size] : llvm::zip(axes, sizes))
    size = static_cast<int64_t>(std::floor(*scale * static_cast<double>(Node::dim(x, axis)) + 0.5));
  return success();
}

static LogicalResult resize(Node &n) {
  Value x = n.in(0), roi, scales, sizes;
  int64_t rank = Node::rank(x);
  bool upsample = n.opType() == "Upsample", old = upsample || n.opset() < 11;
  Ints axes = n.intsAttr("axes");
  if (axes.empty())
    axes = range(0, rank);
  for (int64_t &axis : axes)
    axis = n.axis(axis, rank);
  if (old && n.hasAttr("scales")) {
    scales = n.floats(n.floatsAttr("scales"), n.f32());
  } else {
    unsigned at = old ? 1 : 2;
    if (present(n, at))
      scales = n.cast(n.in(at), n.f32());
    if (!old && present(n, 3))
      sizes = n.checkShape(n.in(3));
  }
  if (!scales && !sizes)
    return n.fail("expected scales or sizes");
  if (sizes)
    scales = Value();
  StringRef policy = n.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (sizes && policy != "stretch") {
    Ints wanted = n.constantInts(3, "sizes");
    if (n.failed() || wanted.size() != axes.size() || mlir::failed(keepAspect(n, x, axes, wanted, policy == "not_smaller")))
      return n.fail("sizes do not fit axes");
    sizes = n.shape(wanted);
  }
  if (sizes)
    sizes = forAllDims(n, x, sizes, axes, true);
  else
    scales = forAllDims(n, x, scales, axes, false);
  StringRef coordinates = n.stringAttr("coordinate_transformation_mode", "half_pixel");
  if (old)
    coordinates = "asymmetric";
  if (coordinates == "tf_crop_and_resize") {
    Value given = n.cast(n.in(1), n.f32());
    auto count = static_cast<int64_t>(axes.size());
    SmallVector<Value> pieces(static_cast<size_t>(rank), n.floats({0}, n.f32()));
    pieces.append(static_cast<size_t>(rank), n.floats({1}, n.f32()));
    for (auto [i, axis] : llvm::enumerate(axes)) {
      auto at = static_cast<int64_t>(i);
      pieces[static_cast<size_t>(axis)] = n.slice(given, 0, at, at + 1);
      pieces[static_cast<size_t>(axis + rank)] = n.slice(given, 0, at + count, at + count + 1);
    }
    roi = n.concat(pieces, 0);
  }
  auto mode = graph::symbolizeResizeMode(n.stringAttr("mode", "nearest"));
  if (!mode)
    return n.fail("mode is '" + n.stringAttr("mode", "") + "', expected nearest, linear or cubic");
  n.set(0, n.make<graph::ResizeOp>(*mode, x, roi, scales, sizes, coordinates,
                                   old ? StringRef("floor") : n.stringAttr("nearest_mode", "round_prefer_floor"),
                                   APFloat(n.floatAttr("cubic_coeff_a", -0.75)), n.intAttr("exclude_outside", 0) != 0,
                                   APFloat(n.floatAttr("extrapolation_value", 0)), n.intAttr("antialias", 0) != 0));
  return success();
}

void tensel::onnx::addResize(HandlerTable &t) {
  t["Resize"] = resize;
  t["Upsample"] = resize;
}
