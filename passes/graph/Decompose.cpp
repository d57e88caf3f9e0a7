// Replaces composite ops by their definitions in other graph ops, but for those that have kernels of their own.
#include "passes/graph/Passes.h"

#include "passes/Provenance.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

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
      else
        recordDecision(op.getLoc(), getArgument(), "decompose", Verdict::Refused,
                       "code generation takes '" + op->getName().getStringRef() + "' whole: it has a kernel of its own");
    };
    getOperation()->walk(add);
    // A definition may itself hold composite ops: they join the list.
    while (!pending.empty()) {
      graph::CompositeOpInterface op = pending.pop_back_val();
      OpBuilder b(op);
      Operation *before = op->getPrevNode();
      SmallVector<Value> values = op.decompose(b);
      Operation *first = before ? before->getNextNode() : &op->getBlock()->front();
      llvm::SmallSetVector<StringRef, 8> parts;
      for (Operation *made = first; made != op; made = made->getNextNode()) {
        if (!made->hasTrait<OpTrait::ConstantLike>())
          parts.insert(made->getName().getStringRef());
        if (auto composite = dyn_cast<graph::CompositeOpInterface>(made))
          add(composite);
      }
      recordDecision(op.getLoc(), getArgument(), "decompose", Verdict::Taken,
                     "'" + op->getName().getStringRef() + "' is defined as " + llvm::join(parts, ", "));
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
