// One run of compiled code in this process, for who holds it against something else.
#ifndef TENSEL_TOOLS_TENSEL_COMPILEDRUN_H
#define TENSEL_TOOLS_TENSEL_COMPILEDRUN_H

#include "compiler/Program.h"
#include "compiler/reference/Tensor.h"
#include "runtime/include/tensel/runtime.h"

namespace tensel::cli {

/// This machine's level, or the one that TENSEL_CPU_LEVEL names.
llvm::Expected<const CpuLevel *> levelToRun();

/// Runs a function of a program that is in memory.
llvm::Expected<llvm::SmallVector<reference::Tensor>> runOnce(const tensel_static_model *model, llvm::StringRef function,
                                                             llvm::ArrayRef<reference::Tensor> inputs);

/// Compiles a module, which it changes, and runs a function.
llvm::Expected<llvm::SmallVector<reference::Tensor>> runCompiled(mlir::ModuleOp module, llvm::StringRef function,
                                                                 llvm::ArrayRef<reference::Tensor> inputs, int roundedBits);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_COMPILEDRUN_H
