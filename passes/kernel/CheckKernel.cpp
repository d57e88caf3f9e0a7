// Trial runs of the first passes of the kernel pipeline.
#include "passes/kernel/CheckKernel.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/PassManager.h"
#include "passes/kernel/KernelInfo.h"
#include "passes/kernel/Passes.h"

using namespace mlir;

namespace tensel {
KernelCheck checkKernel(func::FuncOp kernel) {
  KernelCheck check;
  MLIRContext *context = kernel.getContext();
  OwningOpRef<func::FuncOp> copy = kernel.clone();
  ScopedDiagnosticHandler quiet(context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error && check.refusal.empty())
      check.refusal = diagnostic.str();
    return success();
  });
  auto run = [&](auto... passes) {
    PassManager manager(context, func::FuncOp::getOperationName());
    (manager.addPass(std::move(passes)), ...);
    if (succeeded(manager.run(*copy)))
      return true;
    if (check.refusal.empty())
      check.refusal = "no code can be made for it";
    return false;
  };
  if (!run(createLowerToLinalgPass(), createEmitQuantizedPass(), createPrepareKernelPass(), createEmitContractionPass()))
    return check;
  check.isContraction = copy->getNumResults() == 0;
  if (!check.isContraction)
    run(createEmitLoopsPass());
  return check;
}

SmallVector<int64_t> overwritableArguments(func::FuncOp kernel) {
  if (kernel.getNumResults() != 1 || !llvm::is_contained(kernel.getArgumentTypes().drop_back(), kernel.getResultTypes()[0]))
    return {};
  OwningOpRef<func::FuncOp> copy = kernel.clone();
  ScopedDiagnosticHandler quiet(kernel.getContext(), [](Diagnostic &) { return success(); });
  PassManager manager(kernel.getContext(), func::FuncOp::getOperationName());
  manager.addPass(createLowerToLinalgPass());
  manager.addPass(createPrepareKernelPass());
  if (failed(manager.run(*copy)))
    return {};
  Block &body = copy->getBody().front();
  Value returned = body.getTerminator()->getOperand(0);
  auto root = returned.getDefiningOp<linalg::GenericOp>();
  bool isAlone = root && llvm::all_of(body.without_terminator(), [&](Operation &op) {
                   return &op == root || isa<tensor::DimOp, tensor::EmptyOp>(op) || op.hasTrait<OpTrait::ConstantLike>() ||
                          op.getDialect()->getNamespace() == "arith";
                 });
  if (!isAlone || !isElementwise(root) || root.getNumDpsInits() != 1)
    return {};
  AffineMap written = root.getMatchingIndexingMap(root.getDpsInitOperand(0));
  SmallVector<int64_t> arguments;
  for (BlockArgument arg : copy->getArguments().drop_back())
    if (arg.getType() == returned.getType() && llvm::all_of(arg.getUses(), [&](OpOperand &use) {
          return isa<tensor::DimOp>(use.getOwner()) ||
                 (use.getOwner() == root && root.isDpsInput(&use) && root.getMatchingIndexingMap(&use) == written);
        }))
      arguments.push_back(arg.getArgNumber());
  return arguments;
}
} // namespace tensel
