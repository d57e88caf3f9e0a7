// Trial runs of the first passes of the kernel pipeline.
#include "passes/kernel/CheckKernel.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/kernel/KernelInfo.h"
#include "passes/kernel/Passes.h"

using namespace mlir;

namespace tensel {
KernelChecker::KernelChecker(MLIRContext *context)
    : toLinalg(context, func::FuncOp::getOperationName()), toContraction(context, func::FuncOp::getOperationName()),
      toLoops(context, func::FuncOp::getOperationName()) {
  toLinalg.addPass(createLowerToLinalgPass());
  toLinalg.addPass(createPrepareKernelPass());
  toContraction.addPass(createLowerToLinalgPass());
  toContraction.addPass(createEmitQuantizedPass());
  toContraction.addPass(createPrepareKernelPass());
  toContraction.addPass(createEmitContractionPass());
  toLoops.addPass(createEmitLoopsPass());
}

KernelCheck KernelChecker::check(func::FuncOp kernel) {
  KernelCheck check;
  OwningOpRef<func::FuncOp> copy = kernel.clone();
  ScopedDiagnosticHandler quiet(kernel.getContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error && check.refusal.empty())
      check.refusal = diagnostic.str();
    return success();
  });
  auto run = [&](PassManager &passes) {
    if (succeeded(passes.run(*copy)))
      return true;
    if (check.refusal.empty())
      check.refusal = "no code can be made for it";
    return false;
  };
  if (!run(toContraction))
    return check;
  check.isContraction = copy->getNumResults() == 0;
  if (!check.isContraction)
    run(toLoops);
  return check;
}

OwningOpRef<func::FuncOp> KernelChecker::lowerCopy(func::FuncOp kernel, std::optional<int64_t> argument) {
  OwningOpRef<func::FuncOp> copy = kernel.clone();
  if (argument)
    (*copy)->setAttr("tensel.in_place", DenseI64ArrayAttr::get(kernel.getContext(), *argument));
  if (failed(toLinalg.run(*copy)))
    return {};
  return copy;
}

/// The one loop nest that the kernel is, when it writes each element once; else null.
static linalg::GenericOp loneElementwise(func::FuncOp kernel) {
  Block &body = kernel.getBody().front();
  auto root = body.getTerminator()->getOperand(0).getDefiningOp<linalg::GenericOp>();
  bool isAlone = root && llvm::all_of(body.without_terminator(), [&](Operation &op) {
                   return &op == root || isa<tensor::DimOp, tensor::EmptyOp>(op) || op.hasTrait<OpTrait::ConstantLike>() ||
                          op.getDialect()->getNamespace() == "arith";
                 });
  return isAlone && isElementwise(root) && root.getNumDpsInits() == 1 ? root : linalg::GenericOp();
}

bool KernelChecker::isElementwiseNest(func::FuncOp kernel) {
  if (kernel.getNumResults() != 1 || emittedWhole(kernel))
    return false;
  ScopedDiagnosticHandler quiet(kernel.getContext(), [](Diagnostic &) { return success(); });
  OwningOpRef<func::FuncOp> copy = lowerCopy(kernel, std::nullopt);
  if (!copy)
    return false;
  linalg::GenericOp root = loneElementwise(*copy);
  // A loop inside computes more than an element.
  return root && !root.walk([](scf::ForOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

/// Whether an input is read at the element that is written: by the same map, but that a loop that runs once may be 0.
static bool readsWhereItWrites(linalg::GenericOp root, OpOperand &input) {
  SmallVector<int64_t> ranges = root.getStaticLoopRanges();
  auto position = [&](AffineExpr expr) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    return dim && ranges[dim.getPosition()] == 1 ? getAffineConstantExpr(0, expr.getContext()) : expr;
  };
  return llvm::equal(llvm::map_range(root.getMatchingIndexingMap(&input).getResults(), position),
                     llvm::map_range(root.getMatchingIndexingMap(root.getDpsInitOperand(0)).getResults(), position));
}

SmallVector<int64_t> KernelChecker::overwritableArguments(func::FuncOp kernel) {
  SmallVector<int64_t> arguments;
  if (kernel.getNumResults() != 1)
    return arguments;
  ScopedDiagnosticHandler quiet(kernel.getContext(), [](Diagnostic &) { return success(); });
  for (auto [i, type] : llvm::enumerate(kernel.getArgumentTypes().drop_back())) {
    OwningOpRef<func::FuncOp> copy = type == kernel.getResultTypes()[0] ? lowerCopy(kernel, i) : OwningOpRef<func::FuncOp>();
    if (!copy)
      continue;
    linalg::GenericOp root = loneElementwise(*copy);
    bool isFree = llvm::all_of(copy->getArgument(i).getUses(), [&](OpOperand &use) {
      if (isa<tensor::DimOp>(use.getOwner()))
        return true;
      return root && use.getOwner() == root && root.isDpsInput(&use) && readsWhereItWrites(root, use);
    });
    if (isFree)
      arguments.push_back(i);
  }
  return arguments;
}
} // namespace tensel
