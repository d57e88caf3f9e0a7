// Constant folding: ops on constants and weights are evaluated at compile time by the reference interpreter, one
// tensor at a time. It stands in the compiler, not among the passes, because it reads weight files.
#ifndef TENSEL_COMPILER_CONSTANTS_FOLDCONSTANTS_H
#define TENSEL_COMPILER_CONSTANTS_FOLDCONSTANTS_H

#include "compiler/weights/WeightResolver.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace tensel {

struct FoldOptions {
  /// Results up to this many bytes become graph.constant, larger ones graph.weight with data.
  int64_t constantBytes = 1024;
  /// What all folded tensors may take together, beyond what the program's weights take; ops beyond that stay.
  int64_t totalBytes = int64_t(256) << 20;
  /// An op stays when its results take more than this times its operands, and `growthBytes` more: what only
  /// spreads data is made again at run time.
  int64_t growthFactor = 4;
  int64_t growthBytes = int64_t(1) << 20;
  /// Casts of f16 and bf16 to wider types stay when their results are weights: who reads them may widen them on the way.
  bool keepsHalves = false;
};

/// Replaces every op whose operands are all constants or weights by its value, and erases the weights and constants
/// that nothing uses any more. An op that cannot be evaluated stays. Exact: the values are the op's own. Fails, with
/// one error, only for a weight that cannot be read.
llvm::LogicalResult foldConstants(mlir::ModuleOp module, WeightResolver &weights, const FoldOptions &options = {});

/// The same as a pass (exact), which finds weights by `weights`.
std::unique_ptr<mlir::Pass> createFoldConstantsPass(WeightResolver &weights, bool keepsHalves = false);

/// Registers `-tensel-fold-constants`, which reads weight files relative to the working directory.
void registerFoldConstantsPass();

} // namespace tensel
#endif // TENSEL_COMPILER_CONSTANTS_FOLDCONSTANTS_H
