// Which op made a wrong result: values of two versions of a function correspond by the source node that they come from.
#ifndef TENSEL_COMPILER_VERIFICATION_BLAME_H
#define TENSEL_COMPILER_VERIFICATION_BLAME_H

#include "compiler/reference/Interpreter.h"

namespace tensel::verification {

/// The first op that is to blame.
struct Blame {
  std::string op, node; ///< "graph.sub", "node 'minus (Sub)'"
  std::string difference;
};

/// Is shown a run of the version that is right, then one of the version in doubt.
class BlameFinder {
public:
  /// Keeps every value under each place that its op's location names; up to 2 GiB of them.
  llvm::LogicalResult watchRight(mlir::Operation *op, llvm::ArrayRef<reference::Tensor> results);

  /// Compares what leaves a source node (what ops of other nodes use, or what is returned) with all values that the right version has
  /// for that node, since a pass may move or join ops inside it. Fails at the first value that is none of them: blame() says which. A
  /// node that the right version does not know is not judged.
  llvm::LogicalResult watchDoubtful(mlir::Operation *op, llvm::ArrayRef<reference::Tensor> results);

  const std::optional<Blame> &blame() const { return found; }

private:
  llvm::DenseMap<mlir::Location, llvm::SmallVector<reference::Tensor, 2>> right;
  int64_t heldBytes = 0;
  bool isFull = false;
  std::optional<Blame> found;
};

/// Whether an op of another node uses the value, or it is returned.
bool leavesItsNode(mlir::Value value);

/// The op that makes a result of the function, where nothing better is known.
Blame blameProducer(mlir::func::FuncOp function, unsigned result);

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_BLAME_H
