// Picks rows before what is computed row by row, so that nothing is computed for rows that nobody reads: of a prompt only the last token's
// row goes into the next token, so behind the last attention all is computed for one row.
//   %h = graph.matmul %x, %w          : ?x?x64, 64x256        %r = graph.gather_nd %x, %last {batch_dims = 1}   : ?x64
//   graph.gather_nd %h, %last {batch_dims = 1}         ->     graph.matmul %r, %w                               : ?x256
#include "passes/graph/Passes.h"
#include "passes/graph/SymbolicShapes.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_HOISTGATHERSPASS
#include "passes/graph/Passes.h.inc"

namespace {
using namespace graph;

/// The index tuple of a gather that picks one index of the dim behind the shared leading ones, which its result lacks; else null.
Value pickedIndex(GatherNdOp gather) {
  auto indices = cast<RankedTensorType>(gather.getIndices().getType());
  int64_t shared = gather.getBatchDims();
  return indices.getRank() == shared + 1 && indices.getDimSize(shared) == 1 ? gather.getIndices() : Value();
}

/// The gather that all uses of the op are, or null.
GatherNdOp onlyGather(Operation *op) {
  GatherNdOp first;
  if (op->getNumResults() != 1)
    return first;
  for (OpOperand &use : op->getUses()) {
    auto gather = dyn_cast<GatherNdOp>(use.getOwner());
    if (!gather || use.getOperandNumber() != 0 || !pickedIndex(gather) || gather->getBlock() != op->getBlock())
      return {};
    if (first && (first.getIndices() != gather.getIndices() || first.getBatchDims() != gather.getBatchDims()))
      return {};
    first = first ? first : gather;
  }
  return first;
}

class Hoister {
public:
  Hoister(Block &block, SymbolicShapes &shapes) : block(block), shapes(shapes) {}

  void run() {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (GatherNdOp gather = onlyGather(&op))
        hoist(&op, gather);
  }

private:
  /// Whether `operand` has the dims up to the picked one as the result has them.
  bool hasRows(Value operand, Value result, int64_t axis) {
    ArrayRef<Dim> own = shapes.dimsOf(operand), dims = shapes.dimsOf(result);
    return llvm::all_of(llvm::seq(axis + 1), [&](int64_t d) { return shapes.toExpr(own[d]) == shapes.toExpr(dims[d]); });
  }

  /// The operands to pick rows of, when the op computes each row of the result from the same row of them alone; else nothing.
  SmallVector<unsigned> rowOperands(Operation *op, int64_t axis) {
    Value result = op->getResult(0);
    SmallVector<unsigned> found;
    if (isa<ElementwiseOpInterface>(op)) {
      for (OpOperand &operand : op->getOpOperands()) {
        if (rankOf(operand.get()) < rankOf(result) - axis)
          continue; // broadcast over the rows
        if (rankOf(operand.get()) != rankOf(result) || !hasRows(operand.get(), result, axis))
          return {};
        found.push_back(operand.getOperandNumber());
      }
    } else if (auto reduce = dyn_cast<ReduceOp>(op)) {
      if (llvm::all_of(reduce.getAxes(), [&](int64_t reduced) { return reduced > axis; }))
        found.push_back(0);
    } else if (auto product = dyn_cast<MatmulOp>(op)) {
      int64_t rank = rankOf(product.getLhs());
      if (!product.getTransposeLhs() && rankOf(product.getRhs()) == 2 && rank > 2 && axis < rank - 1)
        found.push_back(0);
    }
    return found;
  }

  /// Moves what `value` is made of before `op`, where it does not depend on it; first only asks.
  bool moveBefore(Value value, Operation *op, bool asks) {
    Operation *maker = value.getDefiningOp();
    if (!maker || maker->getBlock() != &block || maker->isBeforeInBlock(op))
      return true;
    if (maker == op || !isPure(maker) || maker->getNumRegions() ||
        !llvm::all_of(maker->getOperands(), [&](Value operand) { return moveBefore(operand, op, asks); }))
      return false;
    if (!asks)
      maker->moveBefore(op);
    return true;
  }

  void hoist(Operation *op, GatherNdOp gather) {
    int64_t axis = gather.getBatchDims();
    SmallVector<unsigned> rows = rowOperands(op, axis);
    Value indices = gather.getIndices();
    if (rows.empty() || !moveBefore(indices, op, /*asks=*/true))
      return;
    moveBefore(indices, op, /*asks=*/false);
    OpBuilder b(op);
    SmallVector<Value> operands(op->getOperands());
    for (unsigned i : rows)
      operands[i] = GatherNdOp::create(b, gather.getLoc(), operands[i], indices, axis);
    NamedAttrList attributes(op->getAttrs());
    if (auto reduce = dyn_cast<ReduceOp>(op))
      attributes.set(reduce.getAxesAttrName(),
                     b.getDenseI64ArrayAttr(llvm::map_to_vector(reduce.getAxes(), [](int64_t reduced) { return reduced - 1; })));
    OperationState state(op->getLoc(), op->getName(), operands, gather->getResultTypes(), attributes);
    Value result = b.create(state)->getResult(0);
    for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
      user->getResult(0).replaceAllUsesWith(result);
      user->erase();
    }
    op->erase();
  }

  Block &block;
  SymbolicShapes &shapes;
};

struct HoistGathersPass : impl::HoistGathersPassBase<HoistGathersPass> {
  using Base::Base;

  void runOnOperation() final {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isDeclaration() || func->hasAttr("tensel.kernel") || func.getBody().getOps<GatherNdOp>().empty())
        continue;
      SymbolicShapes shapes(getOperation());
      if (failed(shapes.analyze(func)))
        return signalPassFailure();
      Hoister(func.getBody().front(), shapes).run();
    }
  }
};
} // namespace
} // namespace tensel
