// What a block of the host program keeps alive, for passes that change the program to keep less. -tensel-plan-memory has the last
// word: it also knows which results take the buffers of their inputs.
#ifndef TENSEL_PASSES_TASK_LIVENESS_H
#define TENSEL_PASSES_TASK_LIVENESS_H

#include "dialects/graph/Graph.h"
#include "dialects/task/Task.h"
#include "mlir/IR/BuiltinOps.h"

namespace tensel {

/// An op of the block with the buffers that it reads and those that it makes. Inputs and weights of the program are no buffers.
struct LiveUnit {
  mlir::Operation *op;
  llvm::SmallVector<unsigned> reads, makes;
  int64_t inside = 0; // bytes that live in its regions only
  /// Whether it may stand anywhere at no cost: a view of a buffer, index arithmetic.
  bool isLight() const { return makes.empty() && op->getNumRegions() == 0 && !op->hasTrait<mlir::OpTrait::IsTerminator>(); }
};

struct LiveBuffer {
  int64_t bytes;
  unsigned maker;                      // unit
  llvm::SmallVector<unsigned> readers; // units, in order
};

class BlockLiveness {
public:
  /// `maxima`: the largest values of the module's symbols (symbolMaxima).
  BlockLiveness(mlir::Block &block, llvm::ArrayRef<int64_t> maxima);

  /// The most bytes alive at a unit, the first such unit, and how many there are.
  struct Peak {
    int64_t bytes = 0;
    unsigned unit = 0, count = 0;
    bool operator<(const Peak &other) const { return std::pair(bytes, count) < std::pair(other.bytes, other.count); }
  };
  /// With the units in program order.
  Peak peak() const;
  /// What is alive where each unit runs.
  llvm::SmallVector<int64_t> aliveAtUnits() const;

  /// The buffers that a value's data may lie in.
  llvm::ArrayRef<unsigned> buffersOf(mlir::Value value) const;

  std::vector<LiveUnit> units; // in program order; the terminator is the last
  std::vector<LiveBuffer> buffers;

private:
  unsigned add(int64_t bytes);
  void addUnit(mlir::Operation *op, llvm::ArrayRef<int64_t> maxima);
  llvm::DenseMap<mlir::Value, llvm::SmallVector<unsigned, 2>> lies;
};

/// The bytes of a tensor whose dims are all known, else 0.
int64_t staticBytes(mlir::Type type);

/// Per graph.symbol of the module its largest value; where there is none, a number that stands for it.
llvm::SmallVector<int64_t> symbolMaxima(mlir::ModuleOp module);

} // namespace tensel
#endif // TENSEL_PASSES_TASK_LIVENESS_H
