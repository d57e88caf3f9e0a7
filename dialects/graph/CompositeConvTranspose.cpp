// A transposed convolution as ordinary ones. Where the kernel is whole strides long, every output position q = i * stride + k reads the taps k of one
// phase, k % stride = q % stride: one convolution makes all phases as channels, and its results are interleaved (the efficient sub-pixel
// convolution of Shi et al. 2016). Elsewhere phases would have taps that are not there, which an infinite input must not meet: zero-insertion,
// padding and a convolution with the flipped filter (Dumoulin and Visin 2016, section 4).
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace tensel::graph;

/// The dims [first, last) of a tensor: a constant where all of them are static.
static Value dimsBetween(OpBuilder &b, Location loc, Value x, int64_t first, int64_t last = INT64_MAX) {
  ArrayRef<int64_t> dims = cast<RankedTensorType>(x.getType()).getShape();
  dims = dims.slice(first, std::min<int64_t>(last, dims.size()) - first);
  if (llvm::none_of(dims, ShapedType::isDynamic))
    return makeShape(b, loc, dims);
  return SliceOp::create(b, loc, ShapeOfOp::create(b, loc, x), makeShape(b, loc, {first}), makeShape(b, loc, {last}),
                         makeShape(b, loc, {1}), ArrayRef<int64_t>{0});
}

/// Shapes one after the other, as one constant where all of them are.
static Value joinShapes(OpBuilder &b, Location loc, ArrayRef<Value> parts) {
  SmallVector<int64_t> joined;
  for (Value part : parts) {
    auto known = getConstantInts(part);
    if (!known)
      return ConcatOp::create(b, loc, ValueRange(parts), 0);
    joined.append(*known);
  }
  return makeShape(b, loc, joined);
}

/// Each dim times its factor, as one constant where all dims are.
static Value scaleShape(OpBuilder &b, Location loc, Value shape, ArrayRef<int64_t> factors) {
  auto known = getConstantInts(shape);
  if (!known)
    return MulOp::create(b, loc, shape, makeShape(b, loc, factors));
  for (auto [dim, factor] : llvm::zip_equal(*known, factors))
    dim *= factor;
  return makeShape(b, loc, *known);
}

/// [C, F / G, kernel...] -> [F, C / G, kernel...] with every kernel dim reversed.
static Value convolutionFilter(OpBuilder &b, Location loc, Value filter, int64_t groups) {
  int64_t rank = cast<RankedTensorType>(filter.getType()).getRank();
  auto axes = llvm::to_vector(llvm::seq<int64_t>(2, rank));
  SmallVector<int64_t> last(rank - 2, -1), before(rank - 2, INT64_MIN);
  filter = SliceOp::create(b, loc, filter, makeShape(b, loc, last), makeShape(b, loc, before), makeShape(b, loc, last), axes);
  if (groups == 1) {
    auto swap = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    std::swap(swap[0], swap[1]);
    return TransposeOp::create(b, loc, filter, swap);
  }
  // Split C into (G, C / G), bring F / G before it, join (G, F / G).
  SmallVector<int64_t> swap = {0, 2, 1};
  for (int64_t i = 2; i < rank; ++i)
    swap.push_back(i + 1);
  filter =
      ReshapeOp::create(b, loc, filter, joinShapes(b, loc, {makeShape(b, loc, {groups, -1}), dimsBetween(b, loc, filter, 1)}),
                        /*allow_zero=*/true);
  filter = TransposeOp::create(b, loc, filter, swap);
  return ReshapeOp::create(b, loc, filter, joinShapes(b, loc, {makeShape(b, loc, {-1}), dimsBetween(b, loc, filter, 2)}),
                           /*allow_zero=*/true);
}

/// Along one spatial dim.
struct Phases {
  int64_t stride, taps;
};

/// Filter [C, F / G, kernel...] -> [F * phases, C / G, taps...]: the taps of each phase, reversed.
static Value phaseFilter(OpBuilder &b, Location loc, ConvTransposeOp op, ArrayRef<Phases> phases) {
  Value filter = op.getFilter();
  ArrayRef<int64_t> dims = cast<RankedTensorType>(filter.getType()).getShape();
  int64_t groups = op.getGroups(), spatial = phases.size(), inputs = dims[0] / groups, outputs = dims[1], all = 1;
  SmallVector<int64_t> split = {groups, inputs, outputs}, swap = {0, 2}, joined, reversed;
  for (auto [i, phase] : llvm::enumerate(phases)) {
    split.append({phase.taps, phase.stride});
    reversed.push_back(3 + 2 * i);
    swap.push_back(4 + 2 * i); // the phase
    all *= phase.stride;
  }
  swap.push_back(1);
  swap.append(reversed);
  joined = {groups * outputs * all, inputs};
  for (const Phases &phase : phases)
    joined.push_back(phase.taps);
  SmallVector<int64_t> last(spatial, -1), before(spatial, INT64_MIN);
  filter = ReshapeOp::create(b, loc, filter, makeShape(b, loc, split), /*allow_zero=*/true);
  filter = SliceOp::create(b, loc, filter, makeShape(b, loc, last), makeShape(b, loc, before), makeShape(b, loc, last), reversed);
  filter = TransposeOp::create(b, loc, filter, swap);
  return ReshapeOp::create(b, loc, filter, makeShape(b, loc, joined), /*allow_zero=*/true);
}

/// [N, F * phases, L...] -> [N, F, L * stride...]: channel (f, phases...) at position l is channel f at position l * stride + phase.
static Value interleave(OpBuilder &b, Location loc, Value x, int64_t channels, ArrayRef<Phases> phases) {
  int64_t spatial = phases.size();
  SmallVector<int64_t> split = {channels}, strides, swap = {0, 1};
  for (int64_t i = 0; i < spatial; ++i) {
    strides.push_back(phases[i].stride);
    swap.append({2 + spatial + i, 2 + i});
  }
  split.append(strides);
  Value samples = dimsBetween(b, loc, x, 0, 1), positions = dimsBetween(b, loc, x, 2);
  x = ReshapeOp::create(b, loc, x, joinShapes(b, loc, {samples, makeShape(b, loc, split), positions}), /*allow_zero=*/true);
  x = TransposeOp::create(b, loc, x, swap);
  positions = scaleShape(b, loc, positions, strides);
  return ReshapeOp::create(b, loc, x, joinShapes(b, loc, {samples, makeShape(b, loc, {channels}), positions}),
                           /*allow_zero=*/true);
}

/// Whether all phases along all dims have the same taps, which are there.
static bool hasWholePhases(ConvTransposeOp op) {
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  return filter.hasStaticShape() && filter.getNumElements() != 0 &&
         llvm::all_of(llvm::zip(filter.getShape().drop_front(2), op.getStrides(), op.getDilations()), [](auto sizes) {
           auto [kernel, stride, dilation] = sizes;
           return dilation == 1 && kernel % stride == 0;
         });
}

/// Output o stands at q = o + pads_low = i * stride + k; with k = phase + stride * m, the input is read at q / stride - m.
static Value byPhases(OpBuilder &b, ConvTransposeOp op) {
  Location loc = op.getLoc();
  ArrayRef<int64_t> kernel = cast<RankedTensorType>(op.getFilter().getType()).getShape().drop_front(2);
  int64_t spatial = kernel.size();
  SmallVector<Phases> phases;
  SmallVector<int64_t> margins(2 * (spatial + 2), 0), crops = margins, ones(spatial, 1);
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t stride = op.getStrides()[i], taps = kernel[i] / stride;
    phases.push_back({stride, taps});
    // Positions behind the last tap, which the output padding may ask for, hold zeros.
    int64_t high = op.getPadsHigh()[i] - op.getOutputPadding()[i];
    int64_t more = high < 0 ? llvm::divideCeil(-high, stride) : 0;
    margins[2 + i] = taps - 1;
    margins[spatial + 4 + i] = taps - 1 + more;
    crops[2 + i] = -op.getPadsLow()[i];
    crops[spatial + 4 + i] = -(high + more * stride);
  }
  Value zero = makeScalar(b, loc, elementTypeOf(op.getInput()), 0), x = op.getInput();
  x = PadOp::create(b, loc, PadMode::constant, x, makeShape(b, loc, margins), zero);
  x = ConvOp::create(b, loc, x, phaseFilter(b, loc, op, phases), ones, ones, op.getGroups());
  int64_t channels = op.getGroups() * cast<RankedTensorType>(op.getFilter().getType()).getDimSize(1);
  x = interleave(b, loc, x, channels, phases);
  return PadOp::create(b, loc, PadMode::constant, x, makeShape(b, loc, crops), zero);
}

SmallVector<Value> ConvTransposeOp::decompose(OpBuilder &b) {
  Location loc = getLoc();
  auto filterType = cast<RankedTensorType>(getFilter().getType());
  int64_t spatial = filterType.getRank() - 2;
  SmallVector<int64_t> factors = {1, 1}, low, high, ones(spatial, 1);
  factors.append(getStrides().begin(), getStrides().end());
  // On both sides the kernel's reach, dilation * (kernel - 1), less the pads.
  bool isStatic = llvm::none_of(filterType.getShape().drop_front(2), ShapedType::isDynamic);
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t reach = isStatic ? (filterType.getDimSize(i + 2) - 1) * getDilations()[i] : 0;
    low.push_back(reach - getPadsLow()[i]);
    high.push_back(reach - getPadsHigh()[i] + getOutputPadding()[i]);
  }
  bool isStrided = llvm::any_of(getStrides(), [](int64_t stride) { return stride != 1; });
  if (isStrided && hasWholePhases(*this))
    return {byPhases(b, *this)};
  Value lows = makeShape(b, loc, low), highs = makeShape(b, loc, high), none = makeShape(b, loc, {0, 0});
  if (!isStatic) {
    Value reach = SubOp::create(b, loc, dimsBetween(b, loc, getFilter(), 2), makeShape(b, loc, {1}));
    reach = MulOp::create(b, loc, reach, makeShape(b, loc, getDilations()));
    lows = AddOp::create(b, loc, reach, lows);
    highs = AddOp::create(b, loc, reach, highs);
  }
  Value x = getInput();
  if (isStrided)
    x = DilateOp::create(b, loc, x, factors);
  Value pads = joinShapes(b, loc, {none, lows, none, highs});
  x = PadOp::create(b, loc, PadMode::constant, x, pads, makeScalar(b, loc, elementTypeOf(x), 0));
  return {ConvOp::create(b, loc, x, convolutionFilter(b, loc, getFilter(), getGroups()), ones, getDilations(), getGroups())};
}
