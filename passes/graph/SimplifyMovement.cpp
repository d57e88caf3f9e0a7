// Removes data movement that cancels or that the consumer can do itself.
#include "passes/graph/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Provenance.h"
#include "passes/graph/ShapeOperands.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_SIMPLIFYMOVEMENTPASS
#include "passes/graph/Passes.h.inc"

namespace {
using namespace graph;

constexpr StringLiteral passName = "tensel-simplify-movement";

/// transpose(transpose(x, p), q) -> transpose(x, p o q), or x.
struct JoinTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const final {
    auto inner = op.getInput().getDefiningOp<TransposeOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> permutation;
    for (int64_t axis : op.getPermutation())
      permutation.push_back(inner.getPermutation()[axis]);
    if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())) && inner.getInput().getType() == op.getType())
      rewriter.replaceOp(op, inner.getInput());
    else
      absorb(rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getInput(), permutation), inner, passName, "join",
             "one transpose does both");
    return success();
  }
};

/// reshape(reshape-like(x), shape) -> reshape(x, shape) when shape needs nothing of its operand's dims.
struct JoinReshapes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const final {
    Operation *inner = op.getInput().getDefiningOp();
    if (!inner || !isReshape(inner))
      return failure();
    auto shape = getConstantInts(op.getShape());
    if (!shape || (!op.getAllowZero() && llvm::is_contained(*shape, 0)))
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(inner->getOperand(0));
      absorb(op, inner, passName, "join", "one reshape does both");
    });
    return success();
  }
};

/// matmul(transpose(x), y) -> matmul(x, y) {transpose_lhs}, when only the last two dims are swapped.
struct TransposeIntoMatmul : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const final {
    auto swapped = [](Value value) -> TransposeOp {
      auto transpose = value.getDefiningOp<TransposeOp>();
      if (!transpose)
        return {};
      ArrayRef<int64_t> permutation = transpose.getPermutation();
      int64_t rank = permutation.size();
      for (int64_t i = 0; i < rank - 2; ++i)
        if (permutation[i] != i)
          return {};
      return permutation[rank - 1] == rank - 2 ? transpose : TransposeOp();
    };
    TransposeOp lhs = swapped(op.getLhs()), rhs = swapped(op.getRhs());
    if (!lhs && !rhs)
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      if (lhs) {
        op.getLhsMutable().assign(lhs.getInput());
        absorb(op, lhs, passName, "join", "the matrix product reads its left side transposed");
        op.setTransposeLhs(!op.getTransposeLhs());
      }
      if (rhs) {
        op.getRhsMutable().assign(rhs.getInput());
        absorb(op, rhs, passName, "join", "the matrix product reads its right side transposed");
        op.setTransposeRhs(!op.getTransposeRhs());
      }
    });
    return success();
  }
};

/// expand(x) to x's own static shape -> x.
struct DropIdleExpand : OpRewritePattern<ExpandOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ExpandOp op, PatternRewriter &rewriter) const final {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    if (type != op.getType() || !type.hasStaticShape())
      return failure();
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

/// pad(x) by nothing -> x.
struct DropIdlePad : OpRewritePattern<PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PadOp op, PatternRewriter &rewriter) const final {
    auto pads = getConstantInts(op.getPads());
    if (!pads || llvm::any_of(*pads, [](int64_t pad) { return pad != 0; }) || op.getInput().getType() != op.getType())
      return failure();
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

struct SimplifyMovementPass : impl::SimplifyMovementPassBase<SimplifyMovementPass> {
  using Base::Base;

  void runOnOperation() final {
    RewritePatternSet patterns(&getContext());
    patterns.add<JoinTransposes, JoinReshapes, TransposeIntoMatmul, DropIdleExpand, DropIdlePad>(&getContext());
    ProvenanceListener listener(passName);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), GreedyRewriteConfig().setListener(&listener))))
      signalPassFailure();
  }
};
} // namespace
} // namespace tensel
