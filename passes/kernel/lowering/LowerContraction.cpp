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

Value multiplyAdd(Cursor &c, Value a, Value b, Value sum, bool widen) {
  if (widen) {
    a = arith::ExtFOp::create(c.b, c.loc, c.b.getF32Type(), a);
    b = arith::ExtFOp::create(c.b, c.loc, c.b.getF32Type(), b);
  }
  if (!isa<FloatType>(sum.getType()))
    return arith::AddIOp::create(c.b, c.loc, sum, Value(arith::MulIOp::create(c.b, c.loc, a, b)));
  auto flags = arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;
  Value product = arith::MulFOp::create(c.b, c.loc, a, b, flags);
  return arith::AddFOp::create(c.b, c.loc, sum, product, flags);
}

/// The loops of a contraction into `out` (of the result's type); `read` gives the two factors.
Value contract(KernelLowering &k, const Contraction &t, Value out,
               function_ref<std::pair<Value, Value>(Cursor &, ArrayRef<Value>)> read) {
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
        return {multiplyAdd(c, a, b, current[0], widen)};
      })[0];
  if (!widen)
    return sums;
  return k.forEach(t.loc, t.outSizes, out, [&](Cursor &c, ArrayRef<Value> at) -> Value {
    return arith::TruncFOp::create(c.b, c.loc, t.element, Value(tensor::ExtractOp::create(c.b, c.loc, sums, at)));
  });
}

/// Indices of an operand's batch dims within the loops' batch dims `at`; `other` is the other operand.
Indices batchIndices(KernelLowering &k, Cursor &c, graph::MatmulOp op, Value operand, Value other, ArrayRef<Value> at) {
  Indices indices;
  int64_t mine = rankOf(operand) - 2, theirs = rankOf(other) - 2, batch = at.size();
  for (int64_t i = 0; i < mine; ++i) {
    Dim dim = k.dims(operand)[i];
    int64_t position = batch - mine + i, otherDim = position - (batch - theirs);
    bool spans =
        dim.constant || otherDim < 0 || k.dims(other)[otherDim].is(1) || IndexShapes::areSame(dim, k.dims(other)[otherDim]);
    if (dim.is(1)) {
      indices.push_back(c.index(0));
    } else if (spans) {
      indices.push_back(at[position]);
    } else {
      Value isOne = k.once(op, 32 * (operand == op.getLhs()) + i, [&](Cursor &) { return k.shape().isEqual(dim, 1); });
      indices.push_back(c.select(isOne, c.index(0), at[position]));
    }
  }
  return indices;
}

LogicalResult buildMatmul(KernelLowering &k, graph::MatmulOp op) {
  Value lhs = op.getLhs(), rhs = op.getRhs();
  Value left = k.tensor(lhs), right = k.tensor(rhs);
  Contraction t{op.getLoc(), graph::elementTypeOf(lhs), k.dims(op.getResult()), k.dims(op.getResult()), {}, {}};
  int64_t batch = t.outSizes.size() - 2, rank = rankOf(lhs);
  t.sizes.push_back(k.dims(lhs)[op.getTransposeLhs() ? rank - 2 : rank - 1]);
  t.iterators.assign(batch + 2, IteratorType::parallel);
  t.iterators.push_back(IteratorType::reduction);
  for (int64_t i = 0; i < batch + 2; ++i)
    t.outExprs.push_back(getAffineDimExpr(i, op.getContext()));
  k.define(op.getResult(), contract(k, t, k.destination(op.getResult()), [&](Cursor &c, ArrayRef<Value> at) {
             auto read = [&](Value operand, Value other, Value tensor, Value row, Value column, bool transpose) -> Value {
               Indices indices = batchIndices(k, c, op, operand, other, at.take_front(batch));
               if (transpose)
                 std::swap(row, column);
               indices.append({row, column});
               return tensor::ExtractOp::create(c.b, c.loc, tensor, indices);
             };
             Value m = at[batch], n = at[batch + 1], inner = at[batch + 2];
             return std::pair(read(lhs, rhs, left, m, inner, op.getTransposeLhs()),
                              read(rhs, lhs, right, inner, n, op.getTransposeRhs()));
           }));
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
  table.build(buildConv);
}
} // namespace tensel
