// --max-memory: finds what it takes to make a program's sessions need at most so many bytes, or says why nothing does.
#ifndef TENSEL_COMPILER_MEMORY_FITMEMORY_H
#define TENSEL_COMPILER_MEMORY_FITMEMORY_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <string>

namespace tensel {

/// What is done to a program for its memory: passes before dispatches are formed, and after. "" does nothing.
struct MemoryMeans {
  std::string onGraph, onDispatches;
};

/// Runs passes (in the notation of tensel-opt) on a module.
using RunPasses = llvm::function_ref<llvm::Error(mlir::ModuleOp, llvm::StringRef)>;

/// Tries, on copies of `module` (all graph, before dispatches are formed), what costs least first: another order, cheap values computed
/// again, the batch in slices, and tiles of rows. `formDispatches` are the passes of that phase. The limit holds for one session of each function, with one thread,
/// at the largest sizes of the symbols: what SessionMemory states. The error names the values alive at the peak and the smallest need
/// that was found.
llvm::Expected<MemoryMeans> fitMemory(mlir::ModuleOp module, int64_t limit, llvm::StringRef formDispatches, RunPasses run);

} // namespace tensel
#endif // TENSEL_COMPILER_MEMORY_FITMEMORY_H
