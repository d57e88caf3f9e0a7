// A stretch of a block through which the rows of one dim can be followed, and the same ops on tiles of these rows, one after the other:
//   %p = pad %x; %y = conv %p, %f; %z = relu %y                        40 rows
// becomes, for two tiles and windows of 3 rows,
//   %x0 = slice %x[0:21]; %p0 = pad %x0; %y0 = conv %p0, %f; %z0 = relu %y0
//   %x1 = slice %x[19:40]; %p1 = pad %x1; %y1 = conv %p1, %f; %z1 = relu %y1
//   %z = concat %z0, %z1
// Rows that two tiles need are computed for both.
#ifndef TENSEL_PASSES_TASK_ROWSTRETCH_H
#define TENSEL_PASSES_TASK_ROWSTRETCH_H

#include "dialects/graph/Graph.h"
#include "llvm/ADT/MapVector.h"

namespace tensel {

/// Which rows of its operands an op needs for rows of its result.
struct RowFlow {
  mlir::Operation *op;
  int64_t dim;                            ///< of the result
  llvm::SmallVector<int64_t> operandDims; ///< by operand; -1: needed whole
  std::optional<graph::Window> window;    ///< over the first operand; otherwise row r needs row r

  int64_t rows() const;
};

/// What was found about ops that are asked for more than once.
using KnownFlows = llvm::DenseMap<std::pair<mlir::Operation *, llvm::hash_code>, std::optional<RowFlow>>;

class RowStretch {
public:
  /// Follows a dim of a value from the op `first` on, to the first op that mixes rows or whose rows are not understood.
  /// What makes rows only for ops of the stretch becomes part of it.
  RowStretch(mlir::Value seed, int64_t dim, mlir::Operation *first, KnownFlows &known);

  /// The ops that have rows, in program order. Others between them stay whole.
  llvm::ArrayRef<RowFlow> getFlows() const { return flows; }

  /// Puts tiles in place of the first `count` ops in the block that `map` leads to; the first and the last op that were made. Null where they
  /// cannot be: then that block is of no use any more.
  std::pair<mlir::Operation *, mlir::Operation *> tile(const mlir::IRMapping &map, unsigned count, int64_t tiles) const;

private:
  std::optional<RowFlow> follow(mlir::Operation *op, KnownFlows &known) const;
  void pull(mlir::Value value, int64_t dim);

  mlir::Operation *first;
  llvm::SmallVector<RowFlow> flows;
  llvm::DenseMap<mlir::Value, int64_t> marks;
};

} // namespace tensel
#endif // TENSEL_PASSES_TASK_ROWSTRETCH_H
