// What a block of graph ops will keep alive, before it has dispatches: an estimate for passes that change the graph to keep less. The
// memory plan has the last word.
#ifndef TENSEL_PASSES_TASK_GRAPHLIVENESS_H
#define TENSEL_PASSES_TASK_GRAPHLIVENESS_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"

namespace tensel {

/// A constant or a weight, which is in the package and nowhere else.
bool isPackaged(mlir::Value value);

class GraphLiveness {
public:
  /// Elementwise ops join what makes their operands, and only values that are read outside of such a group have memory. Inputs and constants
  /// have none; values whose dims vary count as nothing.
  explicit GraphLiveness(mlir::Block &block);

  /// The block's ops by their positions, the terminator last.
  llvm::ArrayRef<mlir::Operation *> getOps() const { return ops; }
  unsigned positionOf(mlir::Operation *op) const { return positions.at(op); }
  /// Bytes alive while the op at a position runs, and of that what was there before it and is read behind it.
  int64_t aliveAt(unsigned position) const { return alive[position]; }
  int64_t aliveAcross(unsigned position) const { return across[position]; }
  /// The first position where most is alive.
  unsigned peak() const;

private:
  void formGroups();
  unsigned readerAt(mlir::OpOperand &use) const;
  bool isReadBefore(unsigned number, unsigned position) const;
  void place(mlir::Value value);

  llvm::SmallVector<mlir::Operation *> ops;
  llvm::DenseMap<mlir::Operation *, unsigned> positions;
  llvm::SmallVector<unsigned> group;               // per op its group's number, which is the position of its first op
  std::vector<llvm::SmallVector<unsigned>> groups; // by number, the positions of its ops; the kernel runs at the last one
  llvm::SmallVector<int64_t> alive, across;
};

} // namespace tensel
#endif // TENSEL_PASSES_TASK_GRAPHLIVENESS_H
