// Which slices of its batch a program may be run on, one after the other (-tensel-split-batch).
#ifndef TENSEL_PASSES_TASK_SPLITBATCH_H
#define TENSEL_PASSES_TASK_SPLITBATCH_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include <string>

namespace tensel {

/// How many samples a slice may have, largest first; none with the reason. The batch is the first dim of the first input.
struct SplitChoices {
  llvm::SmallVector<int64_t> rows;
  std::string refusal;
};

SplitChoices splitChoices(mlir::ModuleOp module);

} // namespace tensel
#endif // TENSEL_PASSES_TASK_SPLITBATCH_H
