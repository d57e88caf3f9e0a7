// What code generation would make of a kernel; task forming asks before it fuses.
#ifndef TENSEL_PASSES_KERNEL_CHECKKERNEL_H
#define TENSEL_PASSES_KERNEL_CHECKKERNEL_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tensel {
struct KernelCheck {
  std::string refusal;        // why there is no code for the kernel, or ""
  bool isContraction = false; // the register-tiled emitter takes it
};

/// Lowers a copy of a kernel function of graph ops as far as loops. Reports nothing; the function stays as it is.
KernelCheck checkKernel(mlir::func::FuncOp kernel);

/// Whether the kernel, of graph ops, is one loop nest that computes each element of its only result once, from elements of its inputs:
/// elementwise ops, broadcasts and movement.
bool isElementwiseNest(mlir::func::FuncOp kernel);

/// The arguments, of the result's type, that the only result of a kernel of graph ops may be written over: it does not read them when
/// it is lowered to write over them (a scatter's data), or it is one elementwise loop nest that reads them at the place that it
/// writes and nowhere else.
llvm::SmallVector<int64_t> overwritableArguments(mlir::func::FuncOp kernel);
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_CHECKKERNEL_H
