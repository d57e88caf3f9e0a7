// Kernels that are one op on quantized numbers become loops over vectors; see BlockProduct.h for the emitters.
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "passes/kernel/BlockProduct.h"
#include "passes/kernel/KernelInfo.h"
#include "passes/kernel/Passes.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_EMITQUANTIZEDPASS
#include "passes/kernel/Passes.h.inc"

namespace {
/// The arguments that stand for the op's operands, and those for its results.
FailureOr<SmallVector<Value>> argumentsOf(func::FuncOp func, Operation *op) {
  SmallVector<Value> arguments;
  for (Value operand : op->getOperands()) {
    auto argument = dyn_cast<BlockArgument>(operand);
    if (!argument)
      return op->emitError("expected an argument of the kernel as operand");
    arguments.push_back(argument);
  }
  llvm::append_range(arguments, func.getArguments().take_back(op->getNumResults()));
  for (Value argument : arguments)
    argument.setType(contiguousMemRef(cast<RankedTensorType>(argument.getType())));
  if (llvm::any_of(arguments,
                   [](Value argument) { return ShapedType::isDynamic(cast<MemRefType>(argument.getType()).getShape().back()); }))
    return op->emitError("expected rows of a size that is known when compiling");
  return arguments;
}

struct EmitQuantizedPass : WithCleanUp<impl::EmitQuantizedPassBase<EmitQuantizedPass>> {
  using WithCleanUp::WithCleanUp;

  void runOnOperation() final {
    func::FuncOp func = getOperation();
    Operation *op = isKernel(func) ? emittedWhole(func) : nullptr;
    if (!op || !isa<graph::QuantizeRowsOp, graph::BlockMatmulOp>(op))
      return;
    FailureOr<SmallVector<Value>> arguments = argumentsOf(func, op);
    if (failed(arguments))
      return signalPassFailure();
    OpBuilder b(op);
    IndexMath math(b, op->getLoc());
    if (auto rows = dyn_cast<graph::QuantizeRowsOp>(op))
      emitQuantizeRows(math, rows, *arguments);
    else
      emitBlockProduct(math, cast<graph::BlockMatmulOp>(op), *arguments, {vectorBits, hasDotProducts, pastCaches});
    Operation *ret = func.getBody().front().getTerminator();
    b.setInsertionPoint(ret);
    func::ReturnOp::create(b, ret->getLoc());
    ret->erase();
    op->erase();
    func.setType(b.getFunctionType(func.getBody().getArgumentTypes(), {}));
    cleanUp(func);
  }
};
} // namespace
} // namespace tensel
