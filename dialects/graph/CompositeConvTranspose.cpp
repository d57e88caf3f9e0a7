// A transposed convolution as zero-insertion, padding and a convolution with the flipped, regrouped filter
// (Dumoulin and Visin 2016, section 4).
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace tensel::graph;

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
  auto type = cast<RankedTensorType>(filter.getType());
  SmallVector<int64_t> split = {groups, -1}, join = {-1, type.getDimSize(0) / groups}, swap = {0, 2, 1};
  for (int64_t i = 1; i < rank; ++i)
    split.push_back(type.getDimSize(i));
  for (int64_t i = 2; i < rank; ++i) {
    join.push_back(type.getDimSize(i));
    swap.push_back(i + 1);
  }
  filter = ReshapeOp::create(b, loc, filter, makeShape(b, loc, split));
  filter = TransposeOp::create(b, loc, filter, swap);
  return ReshapeOp::create(b, loc, filter, makeShape(b, loc, join));
}

SmallVector<Value> ConvTransposeOp::decompose(OpBuilder &b) {
  Location loc = getLoc();
  auto filterType = cast<RankedTensorType>(getFilter().getType());
  int64_t spatial = filterType.getRank() - 2;
  SmallVector<int64_t> factors = {1, 1}, low = {0, 0}, high = {0, 0}, ones(spatial, 1);
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t reach = (filterType.getDimSize(i + 2) - 1) * getDilations()[i];
    factors.push_back(getStrides()[i]);
    low.push_back(reach - getPadsLow()[i]);
    high.push_back(reach - getPadsHigh()[i] + getOutputPadding()[i]);
  }
  Value x = getInput();
  if (llvm::any_of(factors, [](int64_t factor) { return factor != 1; }))
    x = DilateOp::create(b, loc, x, factors);
  SmallVector<int64_t> pads(low);
  pads.append(high);
  x = PadOp::create(b, loc, PadMode::constant, x, makeShape(b, loc, pads), makeScalar(b, loc, elementTypeOf(x), 0));
  return {ConvOp::create(b, loc, x, convolutionFilter(b, loc, getFilter(), getGroups()), ones, getDilations(), getGroups())};
}
