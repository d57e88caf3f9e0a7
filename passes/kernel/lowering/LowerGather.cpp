// Indexed reads. Indices count from the end when negative and are clamped into range; positions on the other axes are
// clamped too unless the shapes show that they fit, so that no index tensor can read outside of its data.
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
using graph::Dim;
using graph::DimList;
using graph::IndexShapes;

Value clampPosition(KernelLowering &k, Cursor &c, Value at, Dim range, Dim size) {
  if (IndexShapes::areSame(range, size))
    return at;
  if (range.constant && size.constant && *range.constant <= *size.constant)
    return c.within(at);
  return c.max(c.min(at, c.sub(k.entryIndex(size), c.index(1))), c.index(0));
}

/// The element, or 0 where the data has none: nothing may be read there.
static Value unlessEmpty(KernelLowering &k, Cursor &c, Operation *op, Value data, function_ref<Value(Cursor &)> read) {
  DimList sizes = k.dims(data);
  if (llvm::all_of(sizes, [](Dim size) { return size.constant && *size.constant > 0; }))
    return read(c);
  Value isThere = k.once(op, 0, [&](Cursor &c) -> Value {
    Value all;
    for (Dim size : sizes)
      all = c.both(all, c.compare(arith::CmpIPredicate::sgt, k.entryIndex(size), c.index(0)));
    return all;
  });
  Type type = graph::storageType(graph::elementTypeOf(data));
  return k.branch(c, isThere, type, read,
                  [&](Cursor &c) -> Value { return arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(type)); });
}

namespace {
Value pullGather(KernelLowering &k, Cursor &c, graph::GatherOp op, ArrayRef<Value> at) {
  return unlessEmpty(k, c, op, op.getData(), [&](Cursor &c) {
    int64_t axis = op.getAxis(), count = rankOf(op.getIndices());
    Value element = k.pull(c, op.getIndices(), at.slice(axis, count));
    Indices indices(at.take_front(axis));
    Value size = k.entryIndex(k.dims(op.getData())[axis]);
    indices.push_back(k.wrapIndex(c, element, graph::elementTypeOf(op.getIndices()), size));
    indices.append(at.begin() + axis + count, at.end());
    return k.pull(c, op.getData(), indices);
  });
}

Value pullGatherElements(KernelLowering &k, Cursor &c, graph::GatherElementsOp op, ArrayRef<Value> at) {
  return unlessEmpty(k, c, op, op.getData(), [&](Cursor &c) {
    auto sizes = k.dims(op.getData()), ranges = k.dims(op.getIndices());
    Value element = k.pull(c, op.getIndices(), at);
    Indices indices;
    for (size_t i = 0; i < at.size(); ++i)
      indices.push_back(clampPosition(k, c, at[i], ranges[i], sizes[i]));
    int64_t axis = op.getAxis();
    indices[axis] = k.wrapIndex(c, element, graph::elementTypeOf(op.getIndices()), k.entryIndex(sizes[axis]));
    return k.pull(c, op.getData(), indices);
  });
}

Value pullGatherNd(KernelLowering &k, Cursor &c, graph::GatherNdOp op, ArrayRef<Value> at) {
  return unlessEmpty(k, c, op, op.getData(), [&](Cursor &c) {
    auto sizes = k.dims(op.getData()), ranges = k.dims(op.getIndices());
    int64_t batch = op.getBatchDims(), tuples = rankOf(op.getIndices()) - 1;
    int64_t length = cast<RankedTensorType>(op.getIndices().getType()).getShape().back();
    Indices indices;
    for (int64_t i = 0; i < batch; ++i)
      indices.push_back(clampPosition(k, c, at[i], ranges[i], sizes[i]));
    for (int64_t i = 0; i < length; ++i) {
      Indices tuple(at.take_front(tuples));
      tuple.push_back(c.index(i));
      Value element = k.pull(c, op.getIndices(), tuple);
      indices.push_back(k.wrapIndex(c, element, graph::elementTypeOf(op.getIndices()), k.entryIndex(sizes[batch + i])));
    }
    indices.append(at.begin() + tuples, at.end());
    return k.pull(c, op.getData(), indices);
  });
}
} // namespace

void addGatherLowerings(LoweringTable &table) {
  table.pull(pullGather);
  table.pull(pullGatherElements);
  table.pull(pullGatherNd);
}
} // namespace tensel
