// Which ops share a kernel.
#ifndef TENSEL_PASSES_TASK_GROUPING_H
#define TENSEL_PASSES_TASK_GROUPING_H

#include "mlir/IR/Operation.h"
#include "passes/graph/SymbolicShapes.h"
#include "passes/kernel/CheckKernel.h"
#include <vector>

namespace tensel {

/// Ops of one block, in program order; the kernel runs where the last one stands. `results` are used outside.
struct Group {
  llvm::SmallVector<mlir::Operation *> ops;
  llvm::SmallVector<mlir::Value> results;
  std::string apart; // why the result goes through memory to its only reader; "" where there is none or several
};

/// What code generation would make of these ops in one kernel.
using CheckFn = llvm::function_ref<const KernelCheck &(llvm::ArrayRef<mlir::Operation *>, llvm::ArrayRef<mlir::Value> results)>;

/// Groups the block's ops for which `isCompute` holds. Without `fuse`, each is alone.
std::vector<Group> formGroups(mlir::Block &block, SymbolicShapes &shapes, bool fuse,
                              llvm::function_ref<bool(mlir::Operation *)> isCompute, CheckFn check);

} // namespace tensel
#endif // TENSEL_PASSES_TASK_GROUPING_H
