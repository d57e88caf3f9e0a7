// Questions about kernels that several passes of this folder ask.
#ifndef TENSEL_PASSES_KERNEL_KERNELINFO_H
#define TENSEL_PASSES_KERNEL_KERNELINFO_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <array>

namespace tensel {
/// One of the two things that a sum of products multiplies: the tensor and where it is read. The results of the map are sums of
/// dim * constant; with blocks, one is dim floordiv width, another one the same dim mod width.
struct Factor {
  mlir::Value tensor;
  mlir::AffineMap map;
};

/// The factors of `out += a * b` with parallel and reduction loops; a and b may be widened before. Each is an input, or an argument of
/// the kernel that the body reads by tensor.extract.
std::optional<std::array<Factor, 2>> matchSumOfProducts(mlir::linalg::GenericOp op);
inline bool isContraction(mlir::linalg::GenericOp op) { return matchSumOfProducts(op).has_value(); }

/// The argument behind a tensor, seen through reshapes; null when it is computed.
mlir::BlockArgument sourceArgument(mlir::Value tensor);

/// True when every loop of `op` is parallel.
inline bool isElementwise(mlir::linalg::GenericOp op) { return op.getNumParallelLoops() == op.getNumLoops(); }

/// The op of a kernel that is one op with an emitter of its own (Graph_EmittedWhole, or a composite that hasOwnKernel) and nothing else, or null.
mlir::Operation *emittedWhole(mlir::func::FuncOp kernel);

/// Bytes of one element in memory; i1 takes a byte, index eight.
int64_t elementBytes(mlir::Type type);

/// A window of at most so many elements becomes straight code, around which the loop that it moves along is vectorised.
constexpr int64_t kMostInWindow = 64;

/// The most bytes of stack that one kernel may use for temporaries.
constexpr int64_t kMaxScratchBytes = 256 * 1024;
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_KERNELINFO_H
