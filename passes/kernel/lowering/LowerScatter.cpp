// Indexed writes: a copy of the data, unless the result is written over it, then the updates one after the other in row-major order.
// And nonzero, which writes where the data says; what it does not write is 0.
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
using graph::Dim;
using graph::DimList;
using graph::ReduceKind;
using graph::ScatterKind;

namespace {
/// The ranges of the updates, none of them where the data has no elements.
DimList updatesOf(KernelLowering &k, DimList ranges, ArrayRef<Dim> sizes) {
  if (!ranges.empty())
    ranges[0] = k.shape().selectEqual(k.shape().product(sizes), 0, 0, ranges[0]);
  return ranges;
}

/// The data in the result's place, where it is already when the kernel writes over it (`tensel.in_place`).
/// Sequential too: as a linalg.generic it would be an identity, which canonicalisation takes for no copy at all.
Value copyOfData(KernelLowering &k, Cursor &end, Value result, Value data) {
  if (k.isInPlace(data, result))
    return k.destination(result);
  return k.sequentialNest(end, k.dims(result), {k.destination(result)},
                          [&](Cursor &c, ArrayRef<Value> at, ArrayRef<Value> carried) -> Indices {
                            return {tensor::InsertOp::create(c.b, c.loc, k.pull(c, data, at), carried[0], at)};
                          })[0];
}

/// `tensor` with the element at `indices` combined with `update`.
Value writeUpdate(Cursor &c, ScatterKind kind, Type element, Value tensor, Value update, ArrayRef<Value> indices) {
  if (kind != ScatterKind::none) {
    static const ReduceKind kinds[] = {ReduceKind::sum, ReduceKind::sum, ReduceKind::prod, ReduceKind::max, ReduceKind::min};
    Type wide = accumulatorType(element);
    Value old = convertFloat(c, tensor::ExtractOp::create(c.b, c.loc, tensor, indices), wide);
    update = convertFloat(c, update, wide);
    update = graph::ScalarBuilder(c.b, c.loc, element, old).combine(kinds[static_cast<unsigned>(kind)], old, update);
    update = convertFloat(c, update, graph::storageType(element));
  }
  return tensor::InsertOp::create(c.b, c.loc, update, tensor, indices);
}

LogicalResult buildScatterElements(KernelLowering &k, graph::ScatterElementsOp op) {
  Type element = graph::elementTypeOf(op.getData());
  DimList sizes = k.dims(op.getData()), ranges = k.dims(op.getIndices()), updates = updatesOf(k, ranges, sizes);
  int64_t axis = op.getAxis();
  Cursor end = k.end(op.getLoc());
  Value copy = copyOfData(k, end, op.getResult(), op.getData());
  Indices written =
      k.sequentialNest(end, updates, {copy}, [&](Cursor &c, ArrayRef<Value> at, ArrayRef<Value> carried) -> Indices {
        Indices indices;
        for (size_t i = 0; i < at.size(); ++i)
          indices.push_back(clampPosition(k, c, at[i], ranges[i], sizes[i]));
        Value index = k.pull(c, op.getIndices(), at);
        indices[axis] = k.wrapIndex(c, index, graph::elementTypeOf(op.getIndices()), k.entryIndex(sizes[axis]));
        return {writeUpdate(c, op.getKind(), element, carried[0], k.pull(c, op.getUpdates(), at), indices)};
      });
  k.define(op.getResult(), written[0]);
  return success();
}

LogicalResult buildScatterNd(KernelLowering &k, graph::ScatterNdOp op) {
  Type element = graph::elementTypeOf(op.getData());
  DimList sizes = k.dims(op.getData()), ranges = k.dims(op.getUpdates()), updates = updatesOf(k, ranges, sizes);
  int64_t tuples = rankOf(op.getIndices()) - 1, length = cast<RankedTensorType>(op.getIndices().getType()).getShape().back();
  Cursor end = k.end(op.getLoc());
  Value copy = copyOfData(k, end, op.getResult(), op.getData());
  Indices written =
      k.sequentialNest(end, updates, {copy}, [&](Cursor &c, ArrayRef<Value> at, ArrayRef<Value> carried) -> Indices {
        Indices indices;
        for (int64_t i = 0; i < length; ++i) {
          Indices tuple(at.take_front(tuples));
          tuple.push_back(c.index(i));
          indices.push_back(
              k.wrapIndex(c, k.pull(c, op.getIndices(), tuple), graph::elementTypeOf(op.getIndices()), k.entryIndex(sizes[i])));
        }
        for (size_t i = tuples; i < at.size(); ++i)
          indices.push_back(clampPosition(k, c, at[i], ranges[i], sizes[indices.size()]));
        return {writeUpdate(c, op.getKind(), element, carried[0], k.pull(c, op.getUpdates(), at), indices)};
      });
  k.define(op.getResult(), written[0]);
  return success();
}

LogicalResult buildNonZero(KernelLowering &k, graph::NonZeroOp op) {
  Type element = graph::elementTypeOf(op.getInput());
  DimList sizes = k.dims(op.getInput());
  Cursor end = k.end(op.getLoc());
  Value count = k.entryIndex(k.dims(op.getResult())[1]);
  Value cleared = k.fill(op.getLoc(), k.destination(op.getResult()),
                         [](Cursor &c) { return Value(arith::ConstantOp::create(c.b, c.loc, c.b.getI64IntegerAttr(0))); });
  Indices written = k.sequentialNest(
      end, sizes, {cleared, end.index(0)}, [&](Cursor &c, ArrayRef<Value> at, ArrayRef<Value> carried) -> Indices {
        Value value = convertFloat(c, k.pull(c, op.getInput(), at), accumulatorType(element));
        graph::ScalarBuilder s(c.b, c.loc, element, value);
        Value found = s.compare(graph::ComparePredicate::ne, value, s.zero());
        // A smaller count leaves the last ones out.
        found = c.both(found, c.compare(arith::CmpIPredicate::slt, carried[1], count));
        Indices kept(carried);
        auto write = [&](OpBuilder &b, Location loc) {
          Cursor inner{b, loc};
          Value tensor = kept[0];
          for (auto [i, index] : llvm::enumerate(at)) {
            Value coordinate = arith::IndexCastOp::create(b, loc, b.getI64Type(), index);
            tensor = tensor::InsertOp::create(b, loc, coordinate, tensor, Indices{inner.index(i), kept[1]});
          }
          scf::YieldOp::create(b, loc, Indices{tensor, inner.add(kept[1], inner.index(1))});
        };
        auto keep = [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, kept); };
        return Indices(scf::IfOp::create(c.b, c.loc, found, write, keep).getResults());
      });
  k.define(op.getResult(), written[0]);
  return success();
}
} // namespace

void addScatterLowerings(LoweringTable &table) {
  table.build(buildScatterElements);
  table.build(buildScatterNd);
  table.build(buildNonZero);
}
} // namespace tensel
