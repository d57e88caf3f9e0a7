// Ops whose result has elements from several places: concat, pad and dilate. Branches are taken lazily, so that loops
// over a dim that the condition does not use can be split on it.
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
using graph::Dim;
using P = arith::CmpIPredicate;

namespace {
Value pullConcat(KernelLowering &k, Cursor &c, graph::ConcatOp op, ArrayRef<Value> at) {
  int64_t axis = op.getAxis();
  auto &s = k.shape();
  Type type = graph::storageType(graph::elementTypeOf(op.getResult()));
  // Input i holds indices [starts[i], starts[i + 1]).
  SmallVector<Dim> starts = {Dim(0)};
  for (Value input : op.getInputs())
    starts.push_back(s.add(starts.back(), k.dims(input)[axis]));
  std::function<Value(Cursor &, size_t, size_t)> choose = [&](Cursor &c, size_t low, size_t high) -> Value {
    if (high - low == 1) {
      Indices indices(at);
      indices[axis] = c.sub(at[axis], k.entryIndex(starts[low]));
      return k.pull(c, op.getInputs()[low], indices);
    }
    size_t middle = (low + high) / 2;
    return k.branch(
        c, c.compare(P::ult, at[axis], k.entryIndex(starts[middle])), type, [&](Cursor &c) { return choose(c, low, middle); },
        [&](Cursor &c) { return choose(c, middle, high); });
  };
  return choose(c, 0, op.getInputs().size());
}

/// The index in a dim of `size` that an index outside of it stands for.
Value insideIndex(Cursor &c, graph::PadMode mode, Value index, Value size) {
  Value one = c.index(1), last = c.sub(size, one);
  switch (mode) {
  case graph::PadMode::constant:
    return index;
  case graph::PadMode::edge:
    return c.clamp(index, c.index(0), last);
  case graph::PadMode::wrap:
    return c.floorMod(index, c.max(size, one));
  case graph::PadMode::reflect:
    break;
  }
  // Back and forth over 0 .. size-1 .. 1.
  Value period = c.max(c.mul(last, c.index(2)), one);
  Value phase = c.floorMod(index, period);
  return c.select(c.compare(P::slt, phase, size), phase, c.sub(period, phase));
}

Value pullPad(KernelLowering &k, Cursor &c, graph::PadOp op, ArrayRef<Value> at) {
  auto &s = k.shape();
  int64_t rank = at.size();
  Indices indices(at);
  Value inside;
  for (int64_t i = 0; i < rank; ++i) {
    Dim low = s.element(op.getPads(), i), high = s.element(op.getPads(), rank + i);
    if (low.is(0) && high.is(0))
      continue;
    Value size = k.entryIndex(k.dims(op.getInput())[i]);
    Value index = c.sub(at[i], k.entryIndex(low));
    indices[i] = c.within(insideIndex(c, op.getMode(), index, size));
    // Unsigned: a negative index is a large number.
    if (op.getMode() == graph::PadMode::constant)
      inside = c.both(inside, c.compare(P::ult, index, size));
  }
  if (!inside)
    return k.pull(c, op.getInput(), indices);
  Type type = graph::storageType(graph::elementTypeOf(op.getResult()));
  Value padding = k.pull(c, op.getValue(), {});
  return k.branch(
      c, inside, type, [&](Cursor &c) { return k.pull(c, op.getInput(), indices); }, [&](Cursor &) { return padding; });
}

Value pullDilate(KernelLowering &k, Cursor &c, graph::DilateOp op, ArrayRef<Value> at) {
  Indices indices(at);
  Value present;
  for (auto [i, factor] : llvm::enumerate(op.getFactors())) {
    if (factor == 1)
      continue;
    Value size = c.index(factor);
    indices[i] = c.div(at[i], size);
    present = c.both(present, c.compare(P::eq, c.mod(at[i], size), c.index(0)));
  }
  if (!present)
    return k.pull(c, op.getInput(), indices);
  Type type = graph::storageType(graph::elementTypeOf(op.getResult()));
  return k.branch(
      c, present, type, [&](Cursor &c) { return k.pull(c, op.getInput(), indices); },
      [&](Cursor &c) -> Value { return arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(type)); });
}
} // namespace

void addJoinLowerings(LoweringTable &table) {
  table.pull(pullConcat);
  table.pull(pullPad);
  table.pull(pullDilate);
}
} // namespace tensel
