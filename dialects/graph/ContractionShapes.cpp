// Result dims and costs of matrix products, convolutions and windows.
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace tensel::graph;

LogicalResult MatmulOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList lhs = s.dims(adaptor.getLhs()), rhs = s.dims(adaptor.getRhs());
  if (lhs.size() < 2 || rhs.size() < 2)
    return s.fail("expected operands of rank 2 or more, found " + Twine(lhs.size()) + " and " + Twine(rhs.size()));
  auto split = [](DimList &dims, bool transposed) {
    Dim rows = dims[dims.size() - 2], columns = dims.back();
    dims.truncate(dims.size() - 2);
    return transposed ? std::pair(columns, rows) : std::pair(rows, columns);
  };
  auto [m, lhsK] = split(lhs, adaptor.getTransposeLhs());
  auto [rhsK, n] = split(rhs, adaptor.getTransposeRhs());
  if (lhsK.constant && rhsK.constant && *lhsK.constant != *rhsK.constant)
    return s.fail("inner dims differ: " + Twine(*lhsK.constant) + " and " + Twine(*rhsK.constant));
  DimList dims = s.broadcastDims(lhs, rhs);
  if (!s.error.empty())
    return failure();
  dims.append({m, n});
  results.push_back(dims);
  return success();
}

/// 2 x result elements x reduced elements.
static Dim contractionOps(ShapeContext &s, Value result, ArrayRef<Dim> reduced) {
  return s.mul(s.mul(2, s.product(s.dims(result))), s.product(reduced));
}

Dim MatmulOp::countOps(ShapeContext &s) {
  int64_t rank = cast<RankedTensorType>(getLhs().getType()).getRank();
  return contractionOps(s, getResult(), {s.dim(getLhs(), rank - (getTransposeLhs() ? 2 : 1))});
}

LogicalResult BlockedMatmulOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList lhs = s.dims(adaptor.getLhs()), blocks = s.dims(adaptor.getBlocks());
  if (lhs.size() < 2 || blocks.size() < 3)
    return s.fail("expected operands of rank 2 or more and 3 or more, found " + Twine(lhs.size()) + " and " +
                  Twine(blocks.size()));
  Type type = elementTypeOf(adaptor.getLhs()), stored = elementTypeOf(adaptor.getBlocks());
  if (stored != type && !(type.isF32() && isHalf(stored)))
    return s.fail("expected blocks of the left side's type, or of f16 or bf16 beside f32");
  Dim m = lhs[lhs.size() - 2], k = lhs.back(), width = blocks.back(), blockK = blocks[blocks.size() - 2],
      count = blocks[blocks.size() - 3];
  int64_t columns = adaptor.getColumns();
  if (!width.constant || *width.constant < 1)
    return s.fail("expected blocks of a fixed width of 1 or more");
  if (columns < 1 || (count.constant && *count.constant != llvm::divideCeilSigned(columns, *width.constant)))
    return s.fail("expected " + Twine(columns) + " columns in blocks of " + Twine(*width.constant) + ", found " +
                  Twine(count.constant.value_or(-1)) + " blocks");
  if (k.constant && blockK.constant && *k.constant != *blockK.constant)
    return s.fail("inner dims differ: " + Twine(*k.constant) + " and " + Twine(*blockK.constant));
  lhs.truncate(lhs.size() - 2);
  blocks.truncate(blocks.size() - 3);
  DimList dims = s.broadcastDims(lhs, blocks);
  if (!s.error.empty())
    return failure();
  dims.append({m, Dim(columns)});
  results.push_back(dims);
  return success();
}

Dim BlockedMatmulOp::countOps(ShapeContext &s) { return contractionOps(s, getResult(), {s.dims(getLhs()).back()}); }

/// The blocks' columns side by side, [..., K, columns].
SmallVector<Value> BlockedMatmulOp::decompose(OpBuilder &b) {
  Location loc = getLoc();
  int64_t batch = cast<RankedTensorType>(getBlocks().getType()).getRank() - 3;
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, batch + 3)), joined(batch + 1, 0);
  std::swap(permutation[batch], permutation[batch + 1]);
  joined.push_back(-1);
  Value side = TransposeOp::create(b, loc, getBlocks(), permutation);
  side = ReshapeOp::create(b, loc, side, makeShape(b, loc, joined));
  side = SliceOp::create(b, loc, side, makeShape(b, loc, {0}), makeShape(b, loc, {static_cast<int64_t>(getColumns())}),
                         makeShape(b, loc, {1}), ArrayRef<int64_t>{batch + 1});
  Type type = elementTypeOf(getLhs());
  if (elementTypeOf(side) != type)
    side = CastOp::create(b, loc, side, TypeAttr::get(type));
  return {MatmulOp::create(b, loc, getLhs(), side)};
}

/// Checks the ranks that input, filter and per-dim attributes of a convolution share; returns the spatial rank.
static FailureOr<int64_t> spatialRank(ShapeContext &s, Value input, ArrayRef<ArrayRef<int64_t>> perDim, int64_t filterRank = 0) {
  int64_t rank = cast<RankedTensorType>(input.getType()).getRank() - 2;
  if (rank < 1 || rank > 3)
    return s.fail("expected 1 to 3 spatial dims, found " + Twine(rank));
  if (filterRank && filterRank != rank + 2)
    return s.fail("expected a filter of rank " + Twine(rank + 2) + ", found " + Twine(filterRank));
  for (ArrayRef<int64_t> values : perDim)
    if (static_cast<int64_t>(values.size()) != rank)
      return s.fail("expected " + Twine(rank) + " values, one per spatial dim, found " + Twine(values.size()));
  return rank;
}

static LogicalResult allPositive(ShapeContext &s, ArrayRef<int64_t> values, StringRef what) {
  for (int64_t value : values)
    if (value < 1)
      return s.fail(what + " must be 1 or more, found " + Twine(value));
  return success();
}

/// A kernel without taps has no reach.
static LogicalResult allTaps(ShapeContext &s, Value filter) {
  for (Dim taps : llvm::drop_begin(s.dims(filter), 2))
    if (taps.constant && *taps.constant < 1)
      return s.fail("expected kernel dims of 1 or more, found " + Twine(*taps.constant));
  return success();
}

LogicalResult ConvOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  Value input = adaptor.getInput(), filter = adaptor.getFilter();
  auto rank =
      spatialRank(s, input, {adaptor.getStrides(), adaptor.getDilations()}, cast<RankedTensorType>(filter.getType()).getRank());
  if (failed(rank) || failed(allPositive(s, adaptor.getStrides(), "strides")) ||
      failed(allPositive(s, adaptor.getDilations(), "dilations")))
    return failure();
  if (failed(allTaps(s, filter)))
    return failure();
  int64_t groups = adaptor.getGroups();
  Dim channels = s.dim(input, 1), perGroup = s.dim(filter, 1), filters = s.dim(filter, 0);
  if (groups < 1 || (channels.constant && perGroup.constant && *channels.constant != *perGroup.constant * groups))
    return s.fail("expected " + Twine(perGroup.constant.value_or(-1)) + " x " + Twine(groups) + " input channels, found " +
                  Twine(channels.constant.value_or(-1)));
  if (filters.constant && *filters.constant % groups != 0)
    return s.fail("expected filters in " + Twine(groups) + " equal groups, found " + Twine(*filters.constant));
  DimList dims = {s.dim(input, 0), filters};
  for (int64_t i = 0; i < *rank; ++i) {
    // (in - dilation * (kernel - 1) - 1) / stride + 1
    Dim reach = s.add(s.mul(s.sub(s.dim(filter, i + 2), 1), adaptor.getDilations()[i]), 1);
    Dim steps = s.sub(s.dim(input, i + 2), reach);
    if (steps.constant && *steps.constant < 0)
      return s.fail("the kernel reaches over " + Twine(reach.constant.value_or(-1)) + " elements, the padded input has only " +
                    Twine(*s.dim(input, i + 2).constant));
    dims.push_back(s.add(s.floorDiv(steps, adaptor.getStrides()[i]), 1));
  }
  results.push_back(dims);
  return success();
}

Dim ConvOp::countOps(ShapeContext &s) { return contractionOps(s, getResult(), ArrayRef<Dim>(s.dims(getFilter())).drop_front()); }

LogicalResult ConvTransposeOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  Value input = adaptor.getInput(), filter = adaptor.getFilter();
  auto rank = spatialRank(
      s, input,
      {adaptor.getStrides(), adaptor.getDilations(), adaptor.getPadsLow(), adaptor.getPadsHigh(), adaptor.getOutputPadding()},
      cast<RankedTensorType>(filter.getType()).getRank());
  if (failed(rank) || failed(allPositive(s, adaptor.getStrides(), "strides")) ||
      failed(allPositive(s, adaptor.getDilations(), "dilations")))
    return failure();
  if (failed(allTaps(s, filter)))
    return failure();
  Dim channels = s.dim(input, 1), filterChannels = s.dim(filter, 0);
  if (channels.constant && filterChannels.constant && *channels.constant != *filterChannels.constant)
    return s.fail("expected " + Twine(*filterChannels.constant) + " input channels, found " + Twine(*channels.constant));
  DimList dims = {s.dim(input, 0), s.mul(s.dim(filter, 1), adaptor.getGroups())};
  for (int64_t i = 0; i < *rank; ++i) {
    Dim spread = s.mul(s.sub(s.dim(input, i + 2), 1), adaptor.getStrides()[i]);
    Dim reach = s.add(s.mul(s.sub(s.dim(filter, i + 2), 1), adaptor.getDilations()[i]), 1);
    Dim full = s.add(s.add(spread, reach), adaptor.getOutputPadding()[i]);
    if (s.dim(input, i + 2).is(0))
      return s.fail("expected spatial dims of 1 or more, found 0");
    int64_t pads = adaptor.getPadsLow()[i] + adaptor.getPadsHigh()[i];
    if (full.constant && *full.constant <= pads)
      return s.fail("the pads take " + Twine(pads) + " elements away, the output has only " + Twine(*full.constant));
    dims.push_back(s.sub(full, pads));
  }
  results.push_back(dims);
  return success();
}

Dim ConvTransposeOp::countOps(ShapeContext &s) {
  return contractionOps(s, getInput(), ArrayRef<Dim>(s.dims(getFilter())).drop_front());
}

/// Pooling's output dims: windows that start inside the input or its low padding.
template <typename Adaptor>
static LogicalResult windowDims(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  Value input = adaptor.getInput();
  auto rank = spatialRank(
      s, input, {adaptor.getKernel(), adaptor.getStrides(), adaptor.getDilations(), adaptor.getPadsLow(), adaptor.getPadsHigh()});
  if (failed(rank) || failed(allPositive(s, adaptor.getStrides(), "strides")) ||
      failed(allPositive(s, adaptor.getDilations(), "dilations")) || failed(allPositive(s, adaptor.getKernel(), "kernel")))
    return failure();
  DimList dims = {s.dim(input, 0), s.dim(input, 1)};
  for (int64_t i = 0; i < *rank; ++i) {
    int64_t low = adaptor.getPadsLow()[i], high = adaptor.getPadsHigh()[i], stride = adaptor.getStrides()[i];
    int64_t reach = (adaptor.getKernel()[i] - 1) * adaptor.getDilations()[i] + 1;
    Dim in = s.dim(input, i + 2);
    Dim room = s.add(in, low + high - reach);
    if (room.constant && *room.constant < 0 && !adaptor.getCeilMode())
      return s.fail("the window reaches over " + Twine(reach) + " elements, the padded input has only " +
                    Twine(*in.constant + low + high));
    if (!adaptor.getCeilMode()) {
      dims.push_back(s.add(s.floorDiv(room, stride), 1));
      continue;
    }
    Dim rounded = s.add(s.ceilDiv(room, stride), 1);
    dims.push_back(s.min(rounded, s.ceilDiv(s.add(in, low), stride)));
  }
  results.push_back(dims);
  return success();
}

LogicalResult PoolOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) { return windowDims(adaptor, s, results); }
LogicalResult MaxPoolIndicesOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  return windowDims(adaptor, s, results);
}
