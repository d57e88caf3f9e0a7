// Sampling of images at computed places: GridSample, AffineGrid, Col2Im.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ComparePredicate;
using graph::ReduceKind;

namespace {
/// Interpolation at places of a grid; one tap per combination of neighbours.
class GridSampler {
public:
  explicit GridSampler(Node &n) : n(n) {}
  LogicalResult run();

private:
  struct Tap {
    Value place, weight, inside; // i64, float (null: 1), bool (null: always)
  };
  Value reflect(Value x, double low, double high);
  SmallVector<Tap> tapsOf(Value x, int64_t size);
  Tap tapAt(Value place, Value weight, int64_t size);

  Node &n;
  std::string mode, padding;
  bool align = false;
};
} // namespace

Value GridSampler::reflect(Value x, double low, double high) {
  double span = high - low;
  if (span <= 0)
    return n.mul(x, 0);
  // The triangle wave over [low, high]: fold the distance from low.
  Value t = n.make<graph::ModOp>(n.sub(x, low), n.like(x, 2 * span));
  return n.add(n.min(t, n.sub(2 * span, t)), low);
}

GridSampler::Tap GridSampler::tapAt(Value place, Value weight, int64_t size) {
  auto last = static_cast<double>(size - 1);
  Tap tap{{}, weight, {}};
  if (padding == "zeros")
    tap.inside = n.make<graph::AndOp>(n.compare(ComparePredicate::ge, place, 0), n.compare(ComparePredicate::le, place, last));
  if (padding == "reflection")
    place = n.make<graph::TruncOp>(align ? reflect(place, 0, last) : reflect(place, -0.5, last + 0.5));
  tap.place = n.cast(n.clamp(place, 0, last), n.i64());
  return tap;
}

SmallVector<GridSampler::Tap> GridSampler::tapsOf(Value x, int64_t size) {
  auto dim = static_cast<double>(size);
  // From [-1, 1] to pixels.
  x = align ? n.mul(n.add(x, 1), (dim - 1) / 2) : n.div(n.sub(n.mul(n.add(x, 1), dim), 1), 2);
  if (mode == "nearest")
    x = n.make<graph::RoundOp>(x);
  if (padding == "border")
    x = n.clamp(x, 0, dim - 1);
  else if (padding == "reflection")
    x = align ? reflect(x, 0, dim - 1) : reflect(x, -0.5, dim - 0.5);
  if (mode == "nearest")
    return {tapAt(x, {}, size)};
  Value base = n.make<graph::FloorOp>(x), t = n.sub(x, base);
  if (mode == "linear")
    return {tapAt(base, n.sub(1, t), size), tapAt(n.add(base, 1), t, size)};
  constexpr double a = -0.75; // Keys' cubic, as ONNX fixes it
  auto near = [&](Value d) { return n.add(n.mul(n.mul(n.sub(n.mul(d, a + 2), a + 3), d), d), 1); };
  auto far = [&](Value d) { return n.sub(n.mul(n.add(n.mul(n.sub(n.mul(d, a), 5 * a), d), 8 * a), d), 4 * a); };
  Value u = n.sub(1, t);
  return {tapAt(n.sub(base, 1), far(n.add(t, 1)), size), tapAt(base, near(t), size), tapAt(n.add(base, 1), near(u), size),
          tapAt(n.add(base, 2), far(n.add(u, 1)), size)};
}

LogicalResult GridSampler::run() {
  Value x = n.in(0), grid = n.in(1);
  int64_t rank = Node::rank(x) - 2;
  mode = n.stringAttr("mode", "linear").str();
  if (mode == "bilinear")
    mode = "linear";
  if (mode == "bicubic")
    mode = "cubic";
  padding = n.stringAttr("padding_mode", "zeros").str();
  align = n.intAttr("align_corners", 0) != 0;
  if (rank < 1 || Node::dim(grid, Node::rank(grid) - 1) != rank || Node::rank(grid) != rank + 2 ||
      (mode != "linear" && mode != "nearest" && mode != "cubic"))
    return n.fail("expected a grid of the input's rank and a mode of linear, nearest or cubic");
  Value flat = n.reshape(x, {0, 0, -1});         // [N, C, places]
  Value points = n.reshape(grid, {0, -1, rank}); // [N, P, rank], last coordinate first
  SmallVector<SmallVector<Tap>> taps;
  for (int64_t i = 0; i < rank; ++i) {
    if (Node::dim(x, i + 2) < 1)
      return n.fail("expected static spatial dims");
    Value coordinate = n.squeeze(n.slice(points, 2, rank - 1 - i, rank - i), {2});
    taps.push_back(tapsOf(coordinate, Node::dim(x, i + 2)));
  }
  Value total, channels = n.shapeFrom({n.shape({1}), n.dimOf(x, 1), n.shape({1})});
  SmallVector<size_t> at(static_cast<size_t>(rank), 0);
  for (bool more = true; more;) {
    Value place, weight, inside;
    for (int64_t i = 0; i < rank; ++i) {
      const Tap &tap = taps[static_cast<size_t>(i)][at[static_cast<size_t>(i)]];
      place = place ? n.add(n.mul(place, static_cast<double>(Node::dim(x, i + 2))), tap.place) : tap.place;
      if (tap.weight)
        weight = weight ? n.mul(weight, tap.weight) : tap.weight;
      if (tap.inside)
        inside = inside ? n.make<graph::AndOp>(inside, tap.inside) : tap.inside;
    }
    Value index = n.expand(n.unsqueeze(place, {1}), channels);
    Value pixel = n.make<graph::GatherElementsOp>(flat, index, 2);
    if (inside)
      pixel = n.select(n.unsqueeze(inside, {1}), pixel, 0);
    if (weight)
      pixel = n.mul(pixel, n.cast(n.unsqueeze(weight, {1}), Node::elem(x)));
    total = total ? n.add(total, pixel) : pixel;
    more = false;
    for (size_t i = at.size(); i-- > 0 && !more;) {
      more = ++at[i] < taps[i].size();
      if (!more)
        at[i] = 0;
    }
  }
  SmallVector<Value> shape = {n.dimOf(x, 0), n.dimOf(x, 1)};
  for (int64_t i = 1; i <= rank; ++i)
    shape.push_back(n.dimOf(grid, i));
  n.set(0, n.reshapeTo(total, n.shapeFrom(shape), true));
  return success();
}

static LogicalResult gridSample(Node &n) { return GridSampler(n).run(); }

/// theta [N, r, r + 1] times the homogeneous coordinates of every place of `size`.
static LogicalResult affineGrid(Node &n) {
  Value theta = n.in(0);
  Ints size = n.constantInts(1, "size");
  bool align = n.intAttr("align_corners", 0) != 0;
  auto rank = static_cast<int64_t>(size.size()) - 2;
  if (n.failed() || rank < 1)
    return n.fail("expected a size of 3 dims or more");
  Type type = Node::elem(theta);
  ArrayRef<int64_t> dims = ArrayRef<int64_t>(size).drop_front(2);
  SmallVector<Value> parts;
  for (int64_t i = rank; i-- > 0;) {
    auto dim = static_cast<double>(dims[static_cast<size_t>(i)]);
    Value place = n.iota(n.shape(dims), i, type);
    place = align ? n.sub(n.mul(place, dim > 1 ? 2 / (dim - 1) : 0), dim > 1 ? 1 : 0)
                  : n.sub(n.div(n.add(n.mul(place, 2), 1), dim), 1);
    parts.push_back(n.reshape(place, {-1, 1}));
  }
  parts.push_back(n.sub(n.add(parts[0], 1), parts[0]));
  Value points = n.concat(parts, 1); // [places, r + 1]
  Value moved = n.matmul(points, theta, false, true);
  Ints shape = {size[0]};
  shape.append(dims.begin(), dims.end());
  shape.push_back(rank);
  n.set(0, n.reshape(moved, shape));
  return success();
}

/// Adds the columns [N, C * block, L] back at the places that im2col took them from.
static LogicalResult col2Im(Node &n) {
  Value x = n.in(0);
  Ints image = n.constantInts(1, "image_shape"), block = n.constantInts(2, "block_shape");
  size_t rank = image.size();
  Ints strides = n.intsAttr("strides", Ints(rank, 1)), pads = n.intsAttr("pads", Ints(2 * rank, 0));
  Ints dilations = n.intsAttr("dilations", Ints(rank, 1));
  if (n.failed() || rank == 0 || block.size() != rank || strides.size() != rank || dilations.size() != rank ||
      pads.size() != 2 * rank || Node::rank(x) != 3)
    return n.fail("expected one value per spatial dim and an input of rank 3");
  Ints padded, steps;
  int64_t places = 1, kernel = 1, columns = 1;
  for (size_t i = 0; i < rank; ++i) {
    padded.push_back(image[i] + pads[i] + pads[rank + i]);
    steps.push_back((padded[i] - dilations[i] * (block[i] - 1) - 1) / std::max<int64_t>(1, strides[i]) + 1);
    if (padded[i] < 1 || block[i] < 1 || steps[i] < 1 || padded[i] > (1 << 20))
      return n.fail("the block does not fit the image");
    places *= padded[i];
    kernel *= block[i];
    columns *= steps[i];
  }
  if (places > (1 << 24) || kernel * columns > (1 << 24))
    return n.fail("the image is too large for a table of places");
  // The flat place of kernel element k at step l is a sum over dims of iotas.
  Value place;
  Ints grid(block);
  grid.append(steps.begin(), steps.end());
  int64_t stride = 1;
  for (size_t i = rank; i-- > 0;) {
    Value k = n.iota(n.shape(grid), static_cast<int64_t>(i), n.i64());
    Value l = n.iota(n.shape(grid), static_cast<int64_t>(rank + i), n.i64());
    Value along = n.mul(n.add(n.mul(k, static_cast<double>(dilations[i])), n.mul(l, static_cast<double>(strides[i]))),
                        static_cast<double>(stride));
    place = place ? n.add(place, along) : along;
    stride *= padded[i];
  }
  Value batch = n.dimOf(x, 0);
  int64_t channels = Node::dim(x, 1) / kernel;
  if (Node::dim(x, 1) < 1 || Node::dim(x, 1) % kernel)
    return n.fail("expected channels in whole blocks");
  Value updates = n.reshape(x, {0, channels, kernel * columns});
  Value index = n.expand(n.reshape(place, {1, 1, -1}), n.shapeFrom({batch, n.shape({channels, 1})}));
  Value zeros = n.zeros(n.shapeFrom({batch, n.shape({channels, places})}), Node::elem(x));
  Value sum = n.make<graph::ScatterElementsOp>(graph::ScatterKind::add, zeros, index, updates, 2);
  Ints shape = {0, channels};
  shape.append(padded.begin(), padded.end());
  Value y = n.reshape(sum, shape);
  for (size_t i = 0; i < rank; ++i)
    if (pads[i] || pads[rank + i])
      y = n.slice(y, static_cast<int64_t>(i) + 2, pads[i], pads[i] + image[i]);
  n.set(0, y);
  return success();
}

void tensel::onnx::addGridSample(HandlerTable &t) {
  t["GridSample"] = gridSample;
  t["AffineGrid"] = affineGrid;
  t["Col2Im"] = col2Im;
}
