// Questions about kernels that several passes of this folder ask.
#ifndef TENSEL_PASSES_KERNEL_KERNELINFO_H
#define TENSEL_PASSES_KERNEL_KERNELINFO_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace tensel {
/// True for `out += a * b` over two inputs, with parallel and reduction loops, whose indices are sums of dim * constant.
bool isContraction(mlir::linalg::GenericOp op);

/// True when every loop of `op` is parallel.
inline bool isElementwise(mlir::linalg::GenericOp op) { return op.getNumParallelLoops() == op.getNumLoops(); }

/// The op of a kernel that is one op with an emitter of its own (Graph_EmittedWhole, or a composite that hasOwnKernel) and nothing else, or null.
mlir::Operation *emittedWhole(mlir::func::FuncOp kernel);

/// Bytes of one element in memory; i1 takes a byte, index eight.
int64_t elementBytes(mlir::Type type);

/// The most bytes of stack that one kernel may use for temporaries.
constexpr int64_t kMaxScratchBytes = 256 * 1024;
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_KERNELINFO_H
