// Machine code: from a module in the LLVM dialect to an object file (or assembly, or LLVM IR as text) for one CPU level.
#ifndef TENSEL_COMPILER_CODEGEN_H
#define TENSEL_COMPILER_CODEGEN_H

#include "compiler/targets/Cpu.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace tensel {

enum class CodeKind { Object, Assembly, LlvmIr };

/// How much time LLVM takes for a module: kernels are where programs spend theirs; a host program runs through once from dispatch to
/// dispatch, but may be long.
enum class Effort { Kernels, Host };

/// Registers how the dialects that stand before LLVM IR are translated to it.
void registerTranslations(mlir::DialectRegistry &registry);

/// Translates a module that holds nothing but LLVM dialect, lets `prepare` change it, and optimises it for the level.
llvm::Expected<std::unique_ptr<llvm::Module>> makeOptimizedModule(mlir::ModuleOp module, llvm::LLVMContext &context,
                                                                  llvm::TargetMachine &machine, const CpuLevel &level,
                                                                  Effort effort,
                                                                  llvm::function_ref<void(llvm::Module &)> prepare);

/// Writes the optimised module out. For LlvmIr and Assembly the bytes are text.
llvm::Error emitCode(llvm::Module &module, llvm::TargetMachine &machine, CodeKind kind, llvm::SmallVectorImpl<char> &bytes);

/// Writes an object file; the most bytes of stack that a call of one of its functions takes, with all that it calls in the module. Fails
/// where nothing bounds that.
llvm::Expected<int64_t> emitMeasured(llvm::Module &module, llvm::TargetMachine &machine, llvm::SmallVectorImpl<char> &bytes);

} // namespace tensel
#endif // TENSEL_COMPILER_CODEGEN_H
