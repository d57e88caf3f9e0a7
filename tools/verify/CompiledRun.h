// One run of compiled code in this process, for who holds it against something else.
#ifndef TENSEL_TOOLS_VERIFY_COMPILEDRUN_H
#define TENSEL_TOOLS_VERIFY_COMPILEDRUN_H

#include "compiler/Program.h"
#include "compiler/verification/Oracle.h"
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

/// Holds the program's code, at every level of it that this machine runs, to what the verifier has seen: kernel by kernel, then as a whole.
llvm::Error checkCode(Program &program, verification::Verifier &verifier);

/// Compiles a module, which it changes, for this machine under a verifier and runs the code: what --verify-each=numeric finds first.
std::optional<verification::BrokenPromise> verifyCompiled(mlir::ModuleOp module, verification::VerifyOptions options,
                                                          int roundedBits, const verification::Prepare &prepare = nullptr);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_VERIFY_COMPILEDRUN_H
