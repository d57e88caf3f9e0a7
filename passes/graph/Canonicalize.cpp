// MLIR's canonicalization, with provenance: what is left names the source nodes of what it replaced.
//   %0 = graph.identity-like %x at "a"        ->        %x, at fused["x", "a"]
// mlir's own pass drops the location of what it replaces, and with it the node.
#include "passes/graph/Passes.h"

#include "mlir/Rewrite/FrozenRewritePatternSet.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Provenance.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_CANONICALIZEPASS
#include "passes/graph/Passes.h.inc"

namespace {
struct CanonicalizePass : impl::CanonicalizePassBase<CanonicalizePass> {
  using Base::Base;

  LogicalResult initialize(MLIRContext *context) final {
    RewritePatternSet all(context);
    for (Dialect *dialect : context->getLoadedDialects())
      dialect->getCanonicalizationPatterns(all);
    for (RegisteredOperationName op : context->getRegisteredOperations())
      op.getCanonicalizationPatterns(all, context);
    patterns = std::make_shared<FrozenRewritePatternSet>(std::move(all));
    return success();
  }

  void runOnOperation() final {
    ProvenanceListener listener(getArgument());
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal(true).setRegionSimplificationLevel(GreedySimplifyRegionLevel::Normal).setListener(&listener);
    // Where the patterns do not settle, what they reached is as right.
    (void)applyPatternsGreedily(getOperation(), *patterns, config);
  }

  std::shared_ptr<FrozenRewritePatternSet> patterns;
};
} // namespace
} // namespace tensel
