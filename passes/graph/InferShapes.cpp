// Refines result types by the symbolic analysis: every dim that turns out to be one number becomes static.
#include "passes/graph/Passes.h"
#include "passes/graph/SymbolicShapes.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_INFERSHAPESPASS
#include "passes/graph/Passes.h.inc"

namespace {

void refine(Value value, SymbolicShapes &shapes) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.hasStaticShape())
    return;
  SmallVector<int64_t> dims(type.getShape());
  for (auto [i, dim] : llvm::enumerate(shapes.dimsOf(value)))
    if (dims[i] == ShapedType::kDynamic && dim.constant && *dim.constant >= 0)
      dims[i] = *dim.constant;
  value.setType(RankedTensorType::get(dims, type.getElementType()));
}

struct InferShapesPass : impl::InferShapesPassBase<InferShapesPass> {
  using Base::Base;

  void runOnOperation() final {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isDeclaration() || func->hasAttr("tensel.kernel"))
        continue;
      SymbolicShapes shapes(getOperation());
      if (failed(shapes.analyze(func)))
        return signalPassFailure();
      for (BlockArgument arg : func.getArguments())
        refine(arg, shapes);
      func.walk([&](Operation *op) {
        for (Region &region : op->getRegions())
          for (BlockArgument arg : region.getArguments())
            refine(arg, shapes);
        for (Value result : op->getResults())
          refine(result, shapes);
      });
      func.setType(
          FunctionType::get(&getContext(), func.front().getArgumentTypes(), func.front().getTerminator()->getOperandTypes()));
    }
  }
};

} // namespace
} // namespace tensel
