// Ops that walk an axis in order: running sums and products, and top-k by repeated selection (no scratch, stable).
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
using graph::ComparePredicate;
using graph::Dim;
using graph::DimList;
using P = arith::CmpIPredicate;

Value comesBefore(graph::ScalarBuilder &s, bool fromLargest, Value a, Value b) {
  Value isBeyond = s.compare(fromLargest ? ComparePredicate::gt : ComparePredicate::lt, a, b);
  if (!s.isFloat)
    return isBeyond;
  auto [nan, number] = fromLargest ? std::pair(a, b) : std::pair(b, a);
  return s.bitOr(isBeyond, s.bitAnd(s.isNan(nan), s.compare(ComparePredicate::eq, number, number)));
}

namespace {
DimList withoutAxis(DimList dims, int64_t axis) {
  dims.erase(dims.begin() + axis);
  return dims;
}
Indices withAxis(ArrayRef<Value> at, int64_t axis, Value i) {
  Indices indices(at);
  indices.insert(indices.begin() + axis, i);
  return indices;
}

LogicalResult buildCumulate(KernelLowering &k, graph::CumulateOp op) {
  Type element = graph::elementTypeOf(op.getInput()), wide = accumulatorType(element);
  DimList sizes = k.dims(op.getInput());
  int64_t axis = op.getAxis();
  Cursor end = k.end(op.getLoc());
  Value size = k.entryIndex(sizes[axis]);
  Value neutral = k.once(op, 0, [&](Cursor &c) {
    Value like = arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(wide));
    return graph::ScalarBuilder(c.b, c.loc, element, like).neutral(op.getKind());
  });
  Indices outs = {k.destination(op.getResult())};
  outs = k.sequentialNest(
      end, withoutAxis(sizes, axis), outs, [&](Cursor &c, ArrayRef<Value> at, ArrayRef<Value> carried) -> Indices {
        ValueRange row =
            k.sequential(c, c.index(0), size, {carried[0], neutral}, [&](Cursor &c, Value i, ArrayRef<Value> carried) -> Indices {
              Value position = op.getReverse() ? c.sub(c.sub(size, c.index(1)), i) : i;
              Indices indices = withAxis(at, axis, position);
              Value value = convertFloat(c, k.pull(c, op.getInput(), indices), wide);
              Value next = graph::ScalarBuilder(c.b, c.loc, element, value).combine(op.getKind(), carried[1], value);
              Value stored = convertFloat(c, op.getExclusive() ? carried[1] : next, graph::storageType(element));
              return {tensor::InsertOp::create(c.b, c.loc, stored, carried[0], indices), next};
            });
        return {row[0]};
      });
  k.define(op.getResult(), outs[0]);
  return success();
}

/// Neither comes before the other.
Value isTied(graph::ScalarBuilder &s, Value a, Value b) {
  Value isEqual = s.compare(ComparePredicate::eq, a, b);
  return s.isFloat ? s.bitOr(isEqual, s.bitAnd(s.isNan(a), s.isNan(b))) : isEqual;
}

/// Each round finds the best element that comes after the previous round's in the order (value, then index).
LogicalResult buildTopK(KernelLowering &k, graph::TopKOp op) {
  Type element = graph::elementTypeOf(op.getInput()), wide = accumulatorType(element);
  DimList sizes = k.dims(op.getInput());
  int64_t axis = op.getAxis();
  Cursor end = k.end(op.getLoc());
  Value size = k.entryIndex(sizes[axis]), rounds = k.entryIndex(k.dims(op.getValues())[axis]);
  Value nothing = k.once(op, 0, [&](Cursor &c) -> Value { return arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(wide)); });
  auto isBetter = [&](graph::ScalarBuilder &s, Value a, Value b) { return comesBefore(s, op.getLargest(), a, b); };
  Indices outs = {k.destination(op.getValues()), k.destination(op.getIndices())};
  outs = k.sequentialNest(
      end, withoutAxis(sizes, axis), outs, [&](Cursor &c, ArrayRef<Value> at, ArrayRef<Value> carried) -> Indices {
        Value none = c.index(-1);
        Indices inits = {carried[0], carried[1], nothing, none};
        ValueRange filled =
            k.sequential(c, c.index(0), rounds, inits, [&](Cursor &c, Value round, ArrayRef<Value> carried) -> Indices {
              Value last = carried[2], lastIndex = carried[3];
              ValueRange best =
                  k.sequential(c, c.index(0), size, {nothing, none}, [&](Cursor &c, Value i, ArrayRef<Value> best) -> Indices {
                    Value value = convertFloat(c, k.pull(c, op.getInput(), withAxis(at, axis, i)), wide);
                    graph::ScalarBuilder s(c.b, c.loc, element, value);
                    auto either = [&](Value a, Value b) -> Value { return arith::OrIOp::create(c.b, c.loc, a, b); };
                    Value first = c.compare(P::slt, lastIndex, c.index(0));
                    Value tied = c.both(isTied(s, value, last), c.compare(P::sgt, i, lastIndex));
                    Value after = either(first, either(isBetter(s, last, value), tied));
                    Value wins = either(c.compare(P::slt, best[1], c.index(0)), isBetter(s, value, best[0]));
                    Value take = c.both(after, wins);
                    return {c.select(take, value, best[0]), c.select(take, i, best[1])};
                  });
              Value index = best[1];
              Indices where = withAxis(at, axis, round);
              Value value = convertFloat(c, best[0], graph::storageType(element));
              Value stored = arith::IndexCastOp::create(c.b, c.loc, c.b.getI64Type(), index);
              return {tensor::InsertOp::create(c.b, c.loc, value, carried[0], where),
                      tensor::InsertOp::create(c.b, c.loc, stored, carried[1], where), best[0], index};
            });
        return {filled[0], filled[1]};
      });
  k.define(op.getValues(), outs[0]);
  k.define(op.getIndices(), outs[1]);
  return success();
}
} // namespace

void addSortLowerings(LoweringTable &table) {
  table.build(buildCumulate);
  table.build(buildTopK);
}
} // namespace tensel
