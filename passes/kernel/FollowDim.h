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

/// The size to look at a dim of a value at; nothing where there is none. Dims that are not known to be equal have different sizes, none of
/// which is 1, so that what is found for these sizes holds for all but 1.
using SizeOf = llvm::function_ref<std::optional<int64_t>(mlir::Value, int64_t)>;

/// The same for one op with one result as a kernel of its own. Constants that it reads go into the kernel; `marked` is by operand.
std::optional<int64_t> followDim(mlir::Operation *op, llvm::ArrayRef<int64_t> marked, SizeOf sizeOf);

/// Whether the elements of the op's only result at every index of its dim `dim` are the same.
bool isRepeatedAlong(mlir::Operation *op, int64_t dim, SizeOf sizeOf);

} // namespace tensel
#endif // TENSEL_PASSES_KERNEL_FOLLOWDIM_H
