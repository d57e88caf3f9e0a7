// Makes products with quantized weights products of integers: the other operand is rounded, row by row in
// blocks of 32, and the weight is laid out for it when compiling.
//   graph.matmul %x, (graph.dequantize "q4_1" %w) {transpose_rhs}    ->    graph.block_matmul "q4_1" %q, %scales, %sums, %packed
// with %q, %scales, %sums = graph.quantize_rows %x and %packed = graph.pack_blocks "q4_1" %w, which constant folding evaluates.
#include "dialects/blocks/PackedFormat.h"
#include "passes/graph/Passes.h"

#include "passes/Provenance.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONSPASS
#include "passes/graph/Passes.h.inc"

namespace {
constexpr StringLiteral passName = "tensel-quantize-activations";

/// Why the product with a dequantized weight stays one of floats; "" where it need not.
StringRef whyNot(graph::MatmulOp op, graph::DequantizeOp weight) {
  if (op.getTransposeLhs() || !op.getTransposeRhs() || !weight.getInput().getDefiningOp<graph::LoadWeightOp>())
    return "not a product of rows with the rows of a quantized weight";
  auto rows = cast<RankedTensorType>(op.getLhs().getType()), blocks = cast<RankedTensorType>(weight.getInput().getType());
  int64_t rank = blocks.getRank(), batch = rank == 3 && rows.getRank() >= 3 ? rows.getDimSize(rows.getRank() - 3) : 1;
  if (rank > 3 || rank > rows.getRank() || rows.isDynamicDim(rows.getRank() - 1) || (batch != 1 && batch != blocks.getDimSize(0)))
    return "operands of ranks or dims that block_matmul does not take";
  return "";
}

struct RoundOtherOperand : OpRewritePattern<graph::MatmulOp> {
  RoundOtherOperand(MLIRContext *context, int64_t bits) : OpRewritePattern(context), bits(bits) {}
  int64_t bits;

  LogicalResult matchAndRewrite(graph::MatmulOp op, PatternRewriter &rewriter) const final {
    auto weight = op.getRhs().getDefiningOp<graph::DequantizeOp>();
    if (!weight || !whyNot(op, weight).empty())
      return failure();
    int64_t rank = cast<RankedTensorType>(weight.getInput().getType()).getRank();
    const blocks::PackedFormat packed(*blocks::findBlockFormat(weight.getFormat()));
    Location loc = op.getLoc();
    auto rounded = graph::QuantizeRowsOp::create(rewriter, loc, op.getLhs(), bits, packed.group);
    Value strips = graph::PackBlocksOp::create(rewriter, weight.getLoc(), weight.getFormat(), weight.getInput());
    int64_t columns = cast<RankedTensorType>(weight.getInput().getType()).getDimSize(rank - 2);
    auto product = graph::BlockMatmulOp::create(rewriter, loc, weight.getFormat(), rounded.getQuants(), rounded.getScales(),
                                                rounded.getSums(), strips, columns);
    // What shape inference found out about the product's dims stays.
    product.getResult().setType(cast<RankedTensorType>(op.getResult().getType()));
    recordDecision(loc, passName, "round", Verdict::Taken,
                   "its left side is rounded to int" + Twine(bits) + ": a product of integers with the " + weight.getFormat() +
                       " weight, which is packed");
    rewriter.replaceOp(op, product);
    return success();
  }
};

struct QuantizeActivationsPass : impl::QuantizeActivationsPassBase<QuantizeActivationsPass> {
  using Base::Base;

  void runOnOperation() final {
    RewritePatternSet patterns(&getContext());
    patterns.add<RoundOtherOperand>(&getContext(), bits);
    ProvenanceListener listener(passName);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), GreedyRewriteConfig().setListener(&listener))))
      signalPassFailure();
    getOperation()->walk([&](graph::MatmulOp op) {
      if (auto weight = op.getRhs().getDefiningOp<graph::DequantizeOp>())
        recordDecision(op.getLoc(), passName, "round", Verdict::Refused, whyNot(op, weight));
    });
  }
};
} // namespace
} // namespace tensel
