// Where one dim of a kernel's arguments goes. What is independent along a dim can be computed slice by slice.
#ifndef TENSEL_PASSES_KERNEL_FOLLOWDIM_H
#define TENSEL_PASSES_KERNEL_FOLLOWDIM_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <optional>

namespace tensel {

/// `marked[i]`: a dim of argument i, or -1. If every element of the kernel's only result at some index of one of its dims is computed
/// from elements at the same index of the marked dims, and by that from all of them alike, this is that dim. The kernel is of graph ops; what
/// decides are the indexing maps of the linalg ops that it is lowered to.
std::optional<int64_t> followDim(mlir::func::FuncOp kernel, llvm::ArrayRef<int64_t> marked);

/// The same for one op with one result as a kernel of its own. Constants that it reads go into the kernel; `marked` is by operand.
std::optional<int64_t> followDim(mlir::Operation *op, llvm::ArrayRef<int64_t> marked);

} // namespace tensel
#endif // TENSEL_PASSES_KERNEL_FOLLOWDIM_H
