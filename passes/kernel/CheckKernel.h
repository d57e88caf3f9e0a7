// What code generation would make of a kernel; task forming asks before it fuses.
#ifndef TENSEL_PASSES_KERNEL_CHECKKERNEL_H
#define TENSEL_PASSES_KERNEL_CHECKKERNEL_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"

namespace tensel {
struct KernelCheck {
  std::string refusal;        // why there is no code for the kernel, or ""
  bool isContraction = false; // the register-tiled emitter takes it
};

/// Lowers copies of kernel functions of graph ops; reports nothing, and the functions stay as they are. To be kept where there are
/// many to ask about: its passes set themselves up once.
class KernelChecker {
public:
  explicit KernelChecker(mlir::MLIRContext *context);

  /// Lowers as far as loops.
  KernelCheck check(mlir::func::FuncOp kernel);

  /// Whether the kernel is one loop nest that computes each element of its only result once, from elements of its inputs: elementwise
  /// ops, broadcasts and movement.
  bool isElementwiseNest(mlir::func::FuncOp kernel);

  /// The arguments, of the result's type, that the kernel's only result may be written over: it does not read them when it is lowered
  /// to write over them (a scatter's data), or it is one elementwise loop nest that reads them at the place that it writes and nowhere
  /// else.
  llvm::SmallVector<int64_t> overwritableArguments(mlir::func::FuncOp kernel);

private:
  /// A copy of the kernel, which writes over `argument` if there is one, as linalg; null where there is no code.
  mlir::OwningOpRef<mlir::func::FuncOp> lowerCopy(mlir::func::FuncOp kernel, std::optional<int64_t> argument);

  mlir::PassManager toLinalg, toContraction, toLoops;
};
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_CHECKKERNEL_H
