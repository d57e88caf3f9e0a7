// Elementwise ops: the op's own scalar body on operands that broadcast as NumPy does.
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
using graph::Dim;
using graph::IndexShapes;

/// Whether dim `i` of `operand` surely is the loop's size at result dim `position`: no other operand could stretch it.
static bool spansLoop(KernelLowering &k, Operation *op, Value operand, int64_t i, int64_t position) {
  Dim mine = k.dims(operand)[i];
  if (mine.constant)
    return !mine.is(1);
  int64_t rank = rankOf(op->getResult(0));
  for (Value other : op->getOperands()) {
    int64_t at = position - (rank - rankOf(other));
    if (at < 0)
      continue;
    Dim theirs = k.dims(other)[at];
    if (!theirs.is(1) && !IndexShapes::areSame(mine, theirs))
      return false;
  }
  return true;
}

Value pullElementwise(KernelLowering &k, Cursor &c, Operation *op, ArrayRef<Value> at) {
  SmallVector<Value> args;
  for (auto [number, operand] : llvm::enumerate(op->getOperands())) {
    int64_t rank = rankOf(operand), lead = at.size() - rank;
    Indices indices;
    for (int64_t i = 0; i < rank; ++i) {
      Dim dim = k.dims(operand)[i];
      if (dim.is(1)) {
        indices.push_back(c.index(0));
      } else if (spansLoop(k, op, operand, i, lead + i)) {
        indices.push_back(at[lead + i]);
      } else {
        // Only running tells whether this dim is 1.
        Value isOne = k.once(op, number * 32 + i, [&](Cursor &) { return k.shape().isEqual(dim, 1); });
        indices.push_back(c.select(isOne, c.index(0), at[lead + i]));
      }
    }
    args.push_back(k.pull(c, operand, indices));
  }
  return cast<graph::ElementwiseOpInterface>(op).buildScalar(c.b, c.loc, args);
}
} // namespace tensel
