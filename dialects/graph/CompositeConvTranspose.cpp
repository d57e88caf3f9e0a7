// A transposed convolution as zero-insertion, padding and a convolution with the flipped, regrouped filter
// (Dumoulin and Visin 2016, section 4).
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace tensel::graph;

/// The dims of a tensor from dim `from` on: a constant where all of them are static.
static Value dimsFrom(OpBuilder &b, Location loc, Value x, int64_t from) {
  ArrayRef<int64_t> dims = cast<RankedTensorType>(x.getType()).getShape().drop_front(from);
  if (llvm::none_of(dims, ShapedType::isDynamic))
    return makeShape(b, loc, dims);
  return SliceOp::create(b, loc, ShapeOfOp::create(b, loc, x), makeShape(b, loc, {from}), makeShape(b, loc, {INT64_MAX}),
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
  filter = ReshapeOp::create(b, loc, filter, joinShapes(b, loc, {makeShape(b, loc, {groups, -1}), dimsFrom(b, loc, filter, 1)}),
                             /*allow_zero=*/true);
  filter = TransposeOp::create(b, loc, filter, swap);
  return ReshapeOp::create(b, loc, filter, joinShapes(b, loc, {makeShape(b, loc, {-1}), dimsFrom(b, loc, filter, 2)}),
                           /*allow_zero=*/true);
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
  Value lows = makeShape(b, loc, low), highs = makeShape(b, loc, high), none = makeShape(b, loc, {0, 0});
  if (!isStatic) {
    Value reach = SubOp::create(b, loc, dimsFrom(b, loc, getFilter(), 2), makeShape(b, loc, {1}));
    reach = MulOp::create(b, loc, reach, makeShape(b, loc, getDilations()));
    lows = AddOp::create(b, loc, reach, lows);
    highs = AddOp::create(b, loc, reach, highs);
  }
  Value x = getInput();
  if (llvm::any_of(factors, [](int64_t factor) { return factor != 1; }))
    x = DilateOp::create(b, loc, x, factors);
  Value pads = joinShapes(b, loc, {none, lows, none, highs});
  x = PadOp::create(b, loc, PadMode::constant, x, pads, makeScalar(b, loc, elementTypeOf(x), 0));
  return {ConvOp::create(b, loc, x, convolutionFilter(b, loc, getFilter(), getGroups()), ones, getDilations(), getGroups())};
}
