// A trial run of the first passes of the kernel pipeline.
#include "passes/kernel/CheckKernel.h"
#include "mlir/Pass/PassManager.h"
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
  if (!run(createLowerToLinalgPass(), createPrepareKernelPass(), createEmitContractionPass()))
    return check;
  check.isContraction = copy->getNumResults() == 0;
  if (!check.isContraction)
    run(createEmitLoopsPass());
  return check;
}
} // namespace tensel
