// Reductions to linalg.generic with reduction loops; arg-reductions carry (value, index) through sequential loops.
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
using graph::Dim;
using graph::DimList;
using graph::ReduceKind;
using utils::IteratorType;

Type accumulatorType(Type type) {
  if (isa<FloatType>(type) && type.getIntOrFloatBitWidth() < 32)
    return Float32Type::get(type.getContext());
  return graph::storageType(type);
}

Value convertFloat(Cursor &c, Value value, Type to) {
  if (value.getType() == to || !isa<FloatType>(to))
    return value;
  if (value.getType().getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(c.b, c.loc, to, value);
  return arith::TruncFOp::create(c.b, c.loc, to, value);
}

/// Sums may be taken in any order.
static Value combine(Cursor &c, graph::ScalarBuilder &s, ReduceKind kind, Value a, Value b) {
  Value result = s.combine(kind, a, b);
  if (auto add = result.getDefiningOp<arith::AddFOp>())
    add.setFastmath(arith::FastMathFlags::reassoc);
  return result;
}

static LogicalResult buildReduce(KernelLowering &k, graph::ReduceOp op) {
  Location loc = op.getLoc();
  if (op.getAxes().empty()) {
    k.define(op.getResult(), k.forEach(loc, k.dims(op.getInput()), k.destination(op.getResult()),
                                       [&](Cursor &c, ArrayRef<Value> at) { return k.pull(c, op.getInput(), at); }));
    return success();
  }
  Type element = graph::elementTypeOf(op.getInput()), wide = accumulatorType(element);
  ReduceKind kind = op.getKind();
  DimList sizes = k.dims(op.getInput()), outSizes;
  MLIRContext *context = op.getContext();

  SmallVector<IteratorType> iterators;
  SmallVector<AffineExpr> exprs;
  SmallVector<int64_t> kept; // dims of the result that are loops; the others are 1
  Dim count = 1;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    bool reduced = llvm::is_contained(op.getAxes(), static_cast<int64_t>(i));
    iterators.push_back(reduced ? IteratorType::reduction : IteratorType::parallel);
    if (reduced) {
      count = k.shape().mul(count, size);
      continue;
    }
    kept.push_back(op.getKeepDims() ? i : kept.size());
    exprs.push_back(getAffineDimExpr(i, context));
    outSizes.push_back(size);
  }
  bool direct = wide == graph::storageType(element);
  Value accumulator = direct ? k.compactDestination(op.getResult(), kept) : k.compactScratch(op.getResult(), wide, kept);
  accumulator = k.fill(loc, accumulator, [&](Cursor &c) {
    Value like = arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(wide));
    return graph::ScalarBuilder(c.b, c.loc, element, like).neutral(kind);
  });
  AffineMap outMap = AffineMap::get(sizes.size(), 0, exprs, context);
  // Over nothing there are no loops.
  Value reduced = count.is(0) ? accumulator
                              : k.loops(loc, sizes, accumulator, outMap, iterators,
                                        [&](Cursor &c, ArrayRef<Value> at, ArrayRef<Value> current) -> Indices {
                                          Value value = k.pull(c, op.getInput(), at);
                                          value = convertFloat(c, value, wide);
                                          graph::ScalarBuilder s(c.b, c.loc, element, value);
                                          return {combine(c, s, kind, current[0], value)};
                                        })[0];
  if (kind != ReduceKind::mean && direct) {
    k.defineCompact(op.getResult(), reduced, kept);
    return success();
  }
  // The division of a mean, and the way back to a narrow type. Without a narrow type it happens in place.
  auto finish = [&](Cursor &c, Value sum) {
    if (kind == ReduceKind::mean) {
      graph::ScalarBuilder s(c.b, c.loc, element, sum);
      Value divisor = k.once(op, 0, [&](Cursor &c) {
        Value wideCount = arith::IndexCastOp::create(c.b, c.loc, c.b.getI64Type(), k.entryIndex(count));
        return graph::ScalarBuilder(c.b, c.loc, c.b.getI64Type(), wideCount).cast(wideCount, c.b.getI64Type(), element);
      });
      sum = s.div(sum, divisor);
    }
    return direct ? sum : convertFloat(c, sum, element);
  };
  AffineMap identity = AffineMap::getMultiDimIdentityMap(outSizes.size(), context);
  SmallVector<IteratorType> parallel(outSizes.size(), IteratorType::parallel);
  Value out = direct ? reduced : k.compactDestination(op.getResult(), kept);
  Value result =
      k.loops(loc, outSizes, out, identity, parallel, [&](Cursor &c, ArrayRef<Value> at, ArrayRef<Value> current) -> Indices {
        return {finish(c, direct ? current[0] : Value(tensor::ExtractOp::create(c.b, c.loc, reduced, at)))};
      })[0];
  k.defineCompact(op.getResult(), result, kept);
  return success();
}

static Value pullArgReduce(KernelLowering &k, Cursor &c, graph::ArgReduceOp op, ArrayRef<Value> at) {
  int64_t axis = op.getAxis();
  Type element = graph::elementTypeOf(op.getInput()), wide = accumulatorType(element);
  auto read = [&](Cursor &c, Value i) {
    Indices indices(at);
    if (op.getKeepDims())
      indices[axis] = i;
    else
      indices.insert(indices.begin() + axis, i);
    Value value = k.pull(c, op.getInput(), indices);
    return convertFloat(c, value, wide);
  };
  Value zero = c.index(0), size = k.entryIndex(k.dims(op.getInput())[axis]);
  using graph::ComparePredicate;
  bool largest = op.getKind() == ReduceKind::max;
  ComparePredicate better = op.getSelectLast() ? (largest ? ComparePredicate::ge : ComparePredicate::le)
                                               : (largest ? ComparePredicate::gt : ComparePredicate::lt);
  Value neutral = k.once(op, 0, [&](Cursor &c) {
    Value like = arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(wide));
    return graph::ScalarBuilder(c.b, c.loc, element, like).neutral(op.getKind());
  });
  // The first element is better than nothing, even when it is the neutral one or NaN.
  ValueRange best = k.sequential(c, zero, size, {neutral, zero}, [&](Cursor &c, Value i, ArrayRef<Value> carried) -> Indices {
    Value value = read(c, i);
    graph::ScalarBuilder s(c.b, c.loc, element, value);
    Value take =
        arith::OrIOp::create(c.b, c.loc, s.compare(better, value, carried[0]), c.compare(arith::CmpIPredicate::eq, i, zero));
    return {c.select(take, value, carried[0]), c.select(take, i, carried[1])};
  });
  return arith::IndexCastOp::create(c.b, c.loc, c.b.getI64Type(), best[1]);
}

void addReductionLowerings(LoweringTable &table) {
  table.build(buildReduce);
  table.pull(pullArgReduce);
}
} // namespace tensel
