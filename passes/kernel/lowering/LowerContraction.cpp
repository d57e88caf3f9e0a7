// Matrix products and convolutions to one linalg.generic of multiply-adds, f16 and bf16 accumulated in f32.
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
using graph::Dim;
using graph::DimList;
using graph::IndexShapes;
using utils::IteratorType;

namespace {
/// Sizes of the loops, the map of the result, and what to multiply.
struct Contraction {
  Location loc;
  Type element;
  DimList sizes, outSizes;
  SmallVector<IteratorType> iterators;
  SmallVector<AffineExpr> outExprs;
};

Value multiplyAdd(Cursor &c, Value a, Value b, Value sum) {
  if (!isa<FloatType>(sum.getType()))
    return arith::AddIOp::create(c.b, c.loc, sum, Value(arith::MulIOp::create(c.b, c.loc, a, b)));
  for (Value *factor : {&a, &b})
    if (factor->getType() != sum.getType())
      *factor = arith::ExtFOp::create(c.b, c.loc, sum.getType(), *factor);
  auto flags = arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;
  Value product = arith::MulFOp::create(c.b, c.loc, a, b, flags);
  return arith::AddFOp::create(c.b, c.loc, sum, product, flags);
}

/// The loops of a contraction into `out` (of the result's type); `read` gives the two factors.
Value contract(KernelLowering &k, const Contraction &t, Value out,
               function_ref<std::pair<Value, Value>(Cursor &, ArrayRef<Value>)> read) {
  // A sum of nothing needs no loops over terms, nor wider sums to round.
  for (auto [size, iterator] : llvm::zip_equal(t.sizes, t.iterators))
    if (iterator == IteratorType::reduction && size.is(0))
      return k.forEach(t.loc, t.outSizes, out, [&](Cursor &c, ArrayRef<Value>) -> Value {
        return arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(graph::storageType(t.element)));
      });
  bool widen = isa<FloatType>(t.element) && t.element.getIntOrFloatBitWidth() < 32;
  Cursor end = k.end(t.loc);
  Type accumulatorType = widen ? Type(end.b.getF32Type()) : graph::storageType(t.element);
  Value sums = out;
  if (widen) {
    SmallVector<OpFoldResult> sizes;
    for (Dim size : t.outSizes)
      sizes.push_back(k.shape().foldResult(size));
    sums = tensor::EmptyOp::create(end.b, t.loc, sizes, accumulatorType);
  }
  sums = k.fill(t.loc, sums, [&](Cursor &c) { return arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(accumulatorType)); });
  AffineMap outMap = AffineMap::get(t.sizes.size(), 0, t.outExprs, end.b.getContext());
  sums =
      k.loops(t.loc, t.sizes, sums, outMap, t.iterators, [&](Cursor &c, ArrayRef<Value> at, ArrayRef<Value> current) -> Indices {
        auto [a, b] = read(c, at);
        return {multiplyAdd(c, a, b, current[0])};
      })[0];
  if (!widen)
    return sums;
  return k.forEach(t.loc, t.outSizes, out, [&](Cursor &c, ArrayRef<Value> at) -> Value {
    return arith::TruncFOp::create(c.b, c.loc, t.element, Value(tensor::ExtractOp::create(c.b, c.loc, sums, at)));
  });
}

/// An operand of a matrix product: its first `batch` dims broadcast against the other's.
struct Side {
  Value value;
  int64_t batch;
};

/// Indices of an operand's batch dims within the loops' batch dims `at`; `slot` tells the two operands apart.
Indices batchIndices(KernelLowering &k, Cursor &c, Operation *op, unsigned slot, Side mine, Side theirs, ArrayRef<Value> at) {
  Indices indices;
  int64_t batch = at.size();
  for (int64_t i = 0; i < mine.batch; ++i) {
    Dim dim = k.dims(mine.value)[i];
    int64_t position = batch - mine.batch + i, otherDim = position - (batch - theirs.batch);
    bool spans = dim.constant || otherDim < 0 || k.dims(theirs.value)[otherDim].is(1) ||
                 IndexShapes::areSame(dim, k.dims(theirs.value)[otherDim]);
    if (dim.is(1)) {
      indices.push_back(c.index(0));
    } else if (spans) {
      indices.push_back(at[position]);
    } else {
      Value isOne = k.once(op, 32 * slot + i, [&](Cursor &) { return k.shape().isEqual(dim, 1); });
      indices.push_back(c.select(isOne, c.index(0), at[position]));
    }
  }
  return indices;
}

/// The indices of an operand's own dims at loop indices (row or column, step of the sum).
using SideIndices = function_ref<Indices(Cursor &, Value, Value)>;

/// Loops (batch..., m, n, k) over a product with `depth` steps.
void buildProduct(KernelLowering &k, Operation *op, Side lhs, Side rhs, Dim depth, SideIndices left, SideIndices right) {
  Value result = op->getResult(0), leftTensor = k.tensor(lhs.value), rightTensor = k.tensor(rhs.value);
  Contraction t{op->getLoc(), graph::elementTypeOf(lhs.value), k.dims(result), k.dims(result), {}, {}};
  int64_t batch = t.outSizes.size() - 2;
  t.sizes.push_back(depth);
  t.iterators.assign(batch + 2, IteratorType::parallel);
  t.iterators.push_back(IteratorType::reduction);
  for (int64_t i = 0; i < batch + 2; ++i)
    t.outExprs.push_back(getAffineDimExpr(i, op->getContext()));
  k.define(result, contract(k, t, k.destination(result), [&](Cursor &c, ArrayRef<Value> at) {
             auto read = [&](unsigned slot, Side mine, Side theirs, Value tensor, const Indices &own) -> Value {
               Indices indices = batchIndices(k, c, op, slot, mine, theirs, at.take_front(batch));
               indices.append(own);
               return tensor::ExtractOp::create(c.b, c.loc, tensor, indices);
             };
             Value m = at[batch], n = at[batch + 1], step = at[batch + 2];
             Value a = read(1, lhs, rhs, leftTensor, left(c, m, step));
             return std::pair(a, read(0, rhs, lhs, rightTensor, right(c, n, step)));
           }));
}

LogicalResult buildMatmul(KernelLowering &k, graph::MatmulOp op) {
  Side lhs = {op.getLhs(), rankOf(op.getLhs()) - 2}, rhs = {op.getRhs(), rankOf(op.getRhs()) - 2};
  Dim depth = k.dims(op.getLhs())[op.getTransposeLhs() ? lhs.batch : lhs.batch + 1];
  buildProduct(
      k, op, lhs, rhs, depth,
      [&](Cursor &, Value m, Value step) -> Indices { return op.getTransposeLhs() ? Indices{step, m} : Indices{m, step}; },
      [&](Cursor &, Value n, Value step) -> Indices { return op.getTransposeRhs() ? Indices{n, step} : Indices{step, n}; });
  return success();
}

LogicalResult buildBlockedMatmul(KernelLowering &k, graph::BlockedMatmulOp op) {
  Side lhs = {op.getLhs(), rankOf(op.getLhs()) - 2}, blocks = {op.getBlocks(), rankOf(op.getBlocks()) - 3};
  int64_t width = *k.dims(op.getBlocks()).back().constant;
  buildProduct(
      k, op, lhs, blocks, k.dims(op.getLhs()).back(), [](Cursor &, Value m, Value step) -> Indices { return {m, step}; },
      [&](Cursor &c, Value n, Value step) -> Indices { return {c.div(n, c.index(width)), step, c.mod(n, c.index(width))}; });
  return success();
}

/// Loops (n, f, o..., c, k...). With groups, filter f reads the channels from (f / filters per group) * channels per group on;
/// where a group has one channel there is no loop over c, so a depthwise convolution reads channel f.
LogicalResult buildConv(KernelLowering &k, graph::ConvOp op) {
  Value input = k.tensor(op.getInput()), filter = k.tensor(op.getFilter());
  DimList filterSizes = k.dims(op.getFilter()), outSizes = k.dims(op.getResult());
  int64_t spatial = op.getStrides().size(), groups = op.getGroups(), outRank = outSizes.size();
  Dim channelsPerGroup = filterSizes[1], filtersPerGroup = k.shape().floorDiv(filterSizes[0], groups);
  bool oneChannel = channelsPerGroup.is(1);
  Contraction t{op.getLoc(), graph::elementTypeOf(op.getInput()), outSizes, outSizes, {}, {}};
  if (!oneChannel)
    t.sizes.push_back(channelsPerGroup);
  t.sizes.append(filterSizes.end() - spatial, filterSizes.end());
  t.iterators.assign(outRank, IteratorType::parallel);
  t.iterators.append(t.sizes.size() - outRank, IteratorType::reduction);
  for (int64_t i = 0; i < outRank; ++i)
    t.outExprs.push_back(getAffineDimExpr(i, op.getContext()));
  k.define(op.getResult(), contract(k, t, k.destination(op.getResult()), [&](Cursor &c, ArrayRef<Value> at) {
             Value inGroup = oneChannel ? c.index(0) : at[outRank], channel = inGroup;
             if (groups > 1)
               channel = c.add(c.mul(c.div(at[1], k.entryIndex(filtersPerGroup)), k.entryIndex(channelsPerGroup)), inGroup);
             Indices inputAt = {at[0], channel}, filterAt = {at[1], inGroup};
             for (int64_t i = 0; i < spatial; ++i) {
               Value window = at[t.sizes.size() - spatial + i];
               Value start = c.mul(at[2 + i], c.index(op.getStrides()[i]));
               inputAt.push_back(c.add(start, c.mul(window, c.index(op.getDilations()[i]))));
               filterAt.push_back(window);
             }
             Value a = tensor::ExtractOp::create(c.b, c.loc, input, inputAt);
             return std::pair(a, Value(tensor::ExtractOp::create(c.b, c.loc, filter, filterAt)));
           }));
  return success();
}
} // namespace

void addContractionLowerings(LoweringTable &table) {
  table.build(buildMatmul);
  table.build(buildBlockedMatmul);
  table.build(buildConv);
}
} // namespace tensel
