// All native code of a program: the host program and the kernels, for every CPU level, made by all processors at once.
#ifndef TENSEL_COMPILER_NATIVECODE_H
#define TENSEL_COMPILER_NATIVECODE_H

#include "compiler/Codegen.h"
#include "mlir/IR/OwningOpRef.h"

namespace tensel {

class PassObserver;

/// The object files of one level. Names of functions end in "__x86_64_v3" so that levels can be linked together.
struct LevelCode {
  const CpuLevel *level = nullptr;
  llvm::SmallVector<llvm::SmallVector<char, 0>> objects;
  int64_t stackBytes = 0; ///< that a kernel takes of its thread's stack, at most

  /// The name that a function of the program has in the objects.
  static std::string symbol(llvm::StringRef function, const CpuLevel &level);
};

/// Lowers the host functions of a module that passed all shared phases to the LLVM dialect; kernels become declarations. The result's
/// attributes describe the program (passes/task/Passes.td).
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> makeHostModule(mlir::ModuleOp module, PassObserver *observer = nullptr);

/// Makes object files of the kernels in `module` and of its host module. How they are split is fixed, and a piece does not depend on
/// what was compiled before it, so the result does not depend on how many processors there are. An observer sees the passes of those
/// levels that this machine runs; then one processor does it all.
llvm::Expected<std::vector<LevelCode>> makeNativeCode(mlir::ModuleOp module, mlir::ModuleOp host,
                                                      llvm::ArrayRef<const CpuLevel *> levels, PassObserver *observer = nullptr);

/// The whole program in one piece as text, for one level: LLVM IR or assembly.
llvm::Expected<std::string> makeCodeText(mlir::ModuleOp module, mlir::ModuleOp host, const CpuLevel &level, CodeKind kind);
/// The same in the LLVM dialect of MLIR.
llvm::Expected<std::string> makeDialectText(mlir::ModuleOp module, mlir::ModuleOp host, const CpuLevel &level);

} // namespace tensel
#endif // TENSEL_COMPILER_NATIVECODE_H
