// First step of a kernel: named linalg ops become linalg.generic, elementwise ops are fused into their consumers, scalars and splats are
// pulled into the bodies. What is left is one op for most kernels, or a short chain of contraction -> elementwise or reduction ->
// elementwise, which the later passes look at.
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "passes/kernel/KernelInfo.h"
#include "passes/kernel/Passes.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_PREPAREKERNELPASS
#include "passes/kernel/Passes.h.inc"

namespace {
void generalize(func::FuncOp func) {
  SmallVector<linalg::LinalgOp> named;
  func.walk([&](linalg::LinalgOp op) {
    if (!isa<linalg::GenericOp, linalg::FillOp>(op.getOperation()))
      named.push_back(op);
  });
  IRRewriter rewriter(func.getContext());
  for (linalg::LinalgOp op : named) {
    rewriter.setInsertionPoint(op);
    (void)linalg::generalizeNamedOp(rewriter, op);
  }
}

/// True when computing the body again costs less than a trip through memory.
bool isCheap(linalg::GenericOp op) {
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return inner.getDialect()->getNamespace() == "arith" &&
           !isa<arith::DivFOp, arith::DivSIOp, arith::RemFOp, arith::RemSIOp>(inner);
  });
}

/// Fuses when the producer is not computed more often than before, or is cheap. Contractions stay as they are: their emitter knows
/// multiply-add bodies only.
bool shouldFuse(OpOperand *operand) {
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  if (!consumer || !producer || isContraction(consumer))
    return false;
  if (consumer.getNumReductionLoops() && !consumer.getMatchingIndexingMap(operand).isProjectedPermutation())
    return false;
  if (isCheap(producer))
    return true;
  bool once = llvm::hasSingleElement(producer->getUsers()) && consumer.getMatchingIndexingMap(operand).isPermutation();
  return once;
}

/// The sum or product over a reduction's loops may be taken in any order, which the vectoriser needs, and a product that is added need not
/// be rounded first. What else the body computes, as the elementwise ops that were fused into it, is computed as it stands.
void allowReassociation(linalg::GenericOp op) {
  if (!op.getNumReductionLoops())
    return;
  auto allow = [&](Operation *inner, arith::FastMathFlags flags) {
    inner->setAttr("fastmath", arith::FastMathFlagsAttr::get(op.getContext(), flags));
  };
  for (BlockArgument accumulator : op.getRegionOutputArgs())
    for (Operation *combined : accumulator.getUsers()) {
      if (!isa<arith::AddFOp, arith::MulFOp>(combined))
        continue;
      allow(combined, arith::FastMathFlags::reassoc | arith::FastMathFlags::contract);
      for (Value term : combined->getOperands())
        if (auto product = term.getDefiningOp<arith::MulFOp>(); product && isa<arith::AddFOp>(combined))
          allow(product, arith::FastMathFlags::contract);
    }
}

struct PrepareKernelPass : impl::PrepareKernelPassBase<PrepareKernelPass> {
  LogicalResult initialize(MLIRContext *context) final {
    RewritePatternSet collected(context);
    linalg::populateElementwiseOpsFusionPatterns(collected, shouldFuse);
    // A grouped convolution's result is collapsed before its epilogue: give the epilogue the expanded dims instead.
    linalg::populateFoldReshapeOpsByExpansionPatterns(collected, [](OpOperand *operand) {
      auto collapse = operand->get().getDefiningOp<tensor::CollapseShapeOp>();
      auto producer = collapse ? collapse.getSrc().getDefiningOp<linalg::GenericOp>() : linalg::GenericOp();
      return producer && isContraction(producer);
    });
    linalg::populateInlineConstantOperandsPatterns(collected);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(collected);
    linalg::populateConstantFoldLinalgOperations(collected, [](OpOperand *) { return false; });
    for (Dialect *dialect : context->getLoadedDialects())
      if (StringRef name = dialect->getNamespace(); name == "linalg" || name == "tensor" || name == "arith")
        dialect->getCanonicalizationPatterns(collected);
    memref::populateResolveRankedShapedTypeResultDimsPatterns(collected);
    patterns = std::move(collected);
    return success();
  }

  void runOnOperation() final {
    func::FuncOp func = getOperation();
    if (!isKernel(func) || emittedWhole(func))
      return;
    generalize(func);
    if (failed(applyPatternsGreedily(func, patterns)))
      return signalPassFailure();
    func.walk(allowReassociation);
  }

private:
  FrozenRewritePatternSet patterns;
};
} // namespace
} // namespace tensel
