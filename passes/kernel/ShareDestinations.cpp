// See EmitLoops.h. Before:  %e = generic outs(%empty) ...; %y = generic ins(%e, %sum) outs(%slice of the destination)
// After:                    %e = generic outs(%slice);     %y = generic ins(%sum) outs(%e)   where %y reads its old output
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Dominance.h"
#include "passes/kernel/EmitLoops.h"
#include "passes/kernel/KernelInfo.h"

using namespace mlir;

namespace tensel {
bool hoistBefore(Value value, Operation *op) {
  Operation *def = value.getDefiningOp();
  if (!def || def->getBlock() != op->getBlock() || def->isBeforeInBlock(op))
    return true;
  if (!isMemoryEffectFree(def) || isa<linalg::LinalgOp>(def) ||
      !llvm::all_of(def->getOperands(), [&](Value v) { return hoistBefore(v, op); }))
    return false;
  def->moveBefore(op);
  return true;
}

namespace {
void share(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1 || !isElementwise(op) || !op.getMatchingBlockArgument(op.getDpsInitOperand(0)).use_empty())
    return;
  OpOperand *init = op.getDpsInitOperand(0);
  if (!init->get().getDefiningOp<tensor::ExtractSliceOp>())
    return;
  for (OpOperand *input : op.getDpsInputOperands()) {
    auto producer = input->get().getDefiningOp<linalg::GenericOp>();
    if (!producer || producer->getBlock() != op->getBlock() || producer.getNumDpsInits() != 1 ||
        input->get().getType() != init->get().getType() || op.getMatchingIndexingMap(input) != op.getMatchingIndexingMap(init) ||
        !producer.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>())
      continue;
    // Whoever else reads the producer must be done before `op` overwrites it.
    if (!llvm::all_of(input->get().getUsers(), [&](Operation *user) {
          return user == op || (user->getBlock() == op->getBlock() && user->isBeforeInBlock(op));
        }))
      continue;
    if (!hoistBefore(init->get(), producer))
      continue;
    producer.getDpsInitsMutable()[0].set(init->get());
    Value in = op.getMatchingBlockArgument(input), out = op.getMatchingBlockArgument(init);
    in.replaceAllUsesWith(out);
    init->set(input->get());
    return;
  }
}
} // namespace

void shareDestinations(func::FuncOp func) {
  SmallVector<linalg::GenericOp> ops;
  func.walk([&](linalg::GenericOp op) { ops.push_back(op); });
  for (linalg::GenericOp op : llvm::reverse(ops))
    share(op);
}
} // namespace tensel
