// A program on its way from an imported module to files or to memory: the compiler's whole interface for tools.
#ifndef TENSEL_COMPILER_PROGRAM_H
#define TENSEL_COMPILER_PROGRAM_H

#include "compiler/NativeCode.h"
#include "compiler/Pipeline.h"
#include "compiler/weights/WeightResolver.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/package/PackageWriter.h"

namespace tensel {

/// A declared range of a dim symbol that replaces the module's.
struct SymbolRange {
  std::string symbol;
  int64_t min, max;
};

/// Changes the ranges of graph.symbols; the error names a symbol that the module lacks and those that it has.
llvm::Error setSymbolRanges(mlir::ModuleOp module, llvm::ArrayRef<SymbolRange> ranges);

class Program {
public:
  /// Runs the shared phases on an imported module, which stays with the caller and is changed.
  static llvm::Expected<std::unique_ptr<Program>> create(mlir::ModuleOp module, const PhaseOptions &options);

  /// Whether some kernel has other code at this level than at the one below it.
  bool gainsFrom(const CpuLevel &level);

  /// Makes object files for the levels.
  llvm::Error makeCode(llvm::ArrayRef<const CpuLevel *> levels);

  /// What goes into the package beside code; add code by addCode (PackageEmitter.h).
  rt::PackageWriter writer;
  std::vector<LevelCode> code;
  mlir::ModuleOp module;                  ///< after the shared phases
  mlir::OwningOpRef<mlir::ModuleOp> host; ///< the host program in the LLVM dialect, kernels as declarations

private:
  WeightResolver resolver;
  PassObserver *observer = nullptr;
};

} // namespace tensel
#endif // TENSEL_COMPILER_PROGRAM_H
