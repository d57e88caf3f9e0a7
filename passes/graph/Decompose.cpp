// Replaces composite ops by their definitions in other graph ops, but for those that have kernels of their own.
#include "passes/graph/Passes.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_DECOMPOSEPASS
#include "passes/graph/Passes.h.inc"

namespace {
struct DecomposePass : impl::DecomposePassBase<DecomposePass> {
  using Base::Base;

  void runOnOperation() final {
    SmallVector<graph::CompositeOpInterface> pending;
    auto add = [&](graph::CompositeOpInterface op) {
      if (all || !op.hasOwnKernel())
        pending.push_back(op);
    };
    getOperation()->walk(add);
    // A definition may itself hold composite ops: they join the list.
    while (!pending.empty()) {
      graph::CompositeOpInterface op = pending.pop_back_val();
      OpBuilder b(op);
      Operation *before = op->getPrevNode();
      SmallVector<Value> values = op.decompose(b);
      Operation *first = before ? before->getNextNode() : &op->getBlock()->front();
      for (Operation *made = first; made != op; made = made->getNextNode())
        if (auto composite = dyn_cast<graph::CompositeOpInterface>(made))
          add(composite);
      for (auto [result, value] : llvm::zip_equal(op->getResults(), values)) {
        // A definition may know less or more about its dims than the op did.
        if (value.getType() != result.getType())
          value.setType(result.getType());
      }
      op->replaceAllUsesWith(values);
      op->erase();
    }
  }
};
} // namespace
} // namespace tensel
