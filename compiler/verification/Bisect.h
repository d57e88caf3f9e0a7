// Which pass makes a model miss what is expected of it, and which of its ops the pass breaks. Unlike --verify-each=numeric this asks
// about one set of inputs and results and the user's own tolerance, so it also finds a pass that keeps its promise where the promise is
// not enough.
#ifndef TENSEL_COMPILER_VERIFICATION_BISECT_H
#define TENSEL_COMPILER_VERIFICATION_BISECT_H

#include "compiler/verification/Compare.h"
#include "compiler/verification/Oracle.h"

namespace tensel::verification {

struct BisectOptions {
  Tolerance tolerance = {};
  int roundedBits = 16; ///< as in PhaseOptions
  /// Where evaluating every version of the model takes no longer than this, the first guilty pass is looked for from the beginning;
  /// else by halving, which finds the first one if what is wrong stays wrong.
  double linearSeconds = 20;
  /// Compiles a module, which it may change, and runs its function.
  std::function<llvm::Expected<llvm::SmallVector<reference::Tensor>>(const Case &)> runCompiled;
  /// Compiles a case under a verifier: the promise that a pass breaks on its inputs.
  std::function<std::optional<BrokenPromise>(const Case &)> verifyCompiled = nullptr;
  Prepare prepare = nullptr;
};

/// A result by its position, and what it must be.
struct Expectation {
  unsigned result;
  reference::Tensor tensor;
};

/// Who is guilty.
struct Finding {
  enum Kind {
    Holds,        ///< nobody: the compiled program meets the expectations
    ModelDiffers, ///< the reference misses them on the model as it was imported
    Pass,         ///< `pass`
    BelowGraph,   ///< some pass after `pass`, the last one on the graph dialect
  } kind = Holds;
  std::string pass;                ///< as a text pipeline
  unsigned number = 0, passes = 0; ///< of the passes on the graph dialect that changed something
  bool isFirst = true;             ///< no version before it misses; false where not all were tried
  std::string below;               ///< of BelowGraph: which pass breaks its promise, and how; "" where that is not known
  std::string difference;          ///< at the first expectation that is missed, right after the pass
  /// The smallest part of the module before the pass whose results it moves by more than the tolerance, what they must be, and how they
  /// differ; nothing where only all passes together do.
  std::optional<Case> broken;
  llvm::SmallVector<reference::Tensor> right;
  std::string brokenDifference;
};

/// Takes a module as it was imported, with one public function. The error says what cannot be evaluated.
llvm::Expected<Finding> bisect(const Case &model, llvm::ArrayRef<Expectation> expectations, const BisectOptions &options);

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_BISECT_H
