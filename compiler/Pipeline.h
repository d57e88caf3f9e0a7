// The phases of a compilation in order. Everything that is decided about the order of passes is decided here.
#ifndef TENSEL_COMPILER_PIPELINE_H
#define TENSEL_COMPILER_PIPELINE_H

#include "compiler/memory/FitMemory.h"
#include "compiler/targets/Cpu.h"
#include "compiler/weights/WeightResolver.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>

namespace tensel {

/// Every dialect, interface and translation that a compilation uses.
const mlir::DialectRegistry &compilerRegistry();

/// Registers every pass of ours, once.
void registerCompilerPasses();

/// The names of all phases: import, simplify, quantize, dispatch, plan, linalg, kernel, llvm.
llvm::ArrayRef<llvm::StringRef> phaseNames();
bool isPhase(llvm::StringRef name);

/// What looks at each pass of the shared phases.
class PassObserver {
public:
  virtual ~PassObserver() = default;
  /// Is called for every pass manager, which then holds one pass; may add instrumentations.
  virtual void attach(mlir::PassManager &passes) = 0;
  /// Is asked after every pass; an error ends the compilation.
  virtual llvm::Error verdict() const = 0;
  /// Whether passes on kernels and levels are of interest, too: these then run one after the other.
  virtual bool watchesKernels() const { return true; }
};

/// Several observers as one; the first error counts.
class PassObservers : public PassObserver {
public:
  /// Null ones are left out.
  explicit PassObservers(llvm::ArrayRef<PassObserver *> all);
  void attach(mlir::PassManager &passes) override;
  llvm::Error verdict() const override;
  bool watchesKernels() const override;
  /// This, or null when there is none: passes that nobody looks at run together.
  PassObserver *orNull() { return observers.empty() ? nullptr : this; }

private:
  llvm::SmallVector<PassObserver *> observers;
};

struct PhaseOptions {
  std::string stopAfter = {}; ///< "" runs all
  std::string dumpAfter = {}; ///< "" dumps nothing
  llvm::raw_ostream *dump = nullptr;
  /// The same bits at every CPU level and batch size. Is kept in the module as `tensel.bit_exact`.
  bool bitExact = false;
  int roundedBits = 16; ///< in the phase "quantize": 8 or 16 for what meets a quantized weight; 0: it stays f32
  PassObserver *observer = nullptr;
  std::optional<int64_t> maxMemory = {}; ///< bytes that a session may need; `means` is chosen for it before dispatches are formed
  MemoryMeans means = {};
};

/// The passes of the shared phases, for the package's list of passes.
llvm::SmallVector<std::string> passNames(const PhaseOptions &options);

/// Passes in the notation of tensel-opt, one by one: "a,b(c,d)" -> "a", "b(c,d)".
llvm::SmallVector<llvm::StringRef> splitPasses(llvm::StringRef passes);

/// Runs the phases that all CPU levels share (simplify to linalg) on an imported module, whose weights `weights` finds. Sets
/// options.means where there is a limit.
llvm::Error runSharedPhases(mlir::ModuleOp module, WeightResolver &weights, PhaseOptions &options);

/// Appends the passes that take the host program to the LLVM dialect; the same for every level.
void buildHostPhase(mlir::OpPassManager &passes);

/// What all kernels of a module are compiled for, besides the level.
struct KernelNeeds {
  bool bitExact;   ///< PhaseOptions::bitExact
  bool pastCaches; ///< the weights are larger than caches
};
KernelNeeds kernelNeeds(mlir::ModuleOp module);

/// Appends the phase that is run per CPU level on a module: kernels to the LLVM dialect.
void buildKernelPhase(mlir::OpPassManager &passes, const KernelNeeds &needs, const CpuLevel &level);

} // namespace tensel
#endif // TENSEL_COMPILER_PIPELINE_H
