// MLIR's elimination of common subexpressions, with provenance: the op that stays names the source nodes of those that it stands for.
//   %0 = graph.exp %x at "a"; %1 = graph.exp %x at "b"        ->        %0 = graph.exp %x at fused["a", "b"]
#include "passes/graph/Passes.h"

#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "passes/Provenance.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_CSEPASS
#include "passes/graph/Passes.h.inc"

namespace {
struct CsePass : impl::CsePassBase<CsePass> {
  using Base::Base;

  void runOnOperation() final {
    ProvenanceListener listener(getArgument());
    IRRewriter rewriter(&getContext(), &listener);
    bool changed = false;
    eliminateCommonSubExpressions(rewriter, getAnalysis<DominanceInfo>(), getOperation(), &changed);
    if (!changed)
      markAllAnalysesPreserved();
  }
};
} // namespace
} // namespace tensel
