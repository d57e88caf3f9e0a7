// From any form that a kernel has on its way to the LLVM dialect, by MLIR's own conversions alone: no tiling, no fusion, no polynomials, no
// fast math, nothing of passes/kernel. Slow code, but right where the kernel is.
#ifndef TENSEL_COMPILER_VERIFICATION_PLAINLOWERING_H
#define TENSEL_COMPILER_VERIFICATION_PLAINLOWERING_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Error.h"

namespace tensel::verification {

/// Lowers all functions of the module in place. Functions of tensors write their results to their last arguments; they and those of memrefs
/// get the interface `_mlir_ciface_NAME(memref descriptor *...)`.
llvm::Error lowerPlainly(mlir::ModuleOp module);

/// Loads what the lowering goes through; not while a pass runs.
void prepareForPlainLowering(mlir::MLIRContext &context);

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_PLAINLOWERING_H
