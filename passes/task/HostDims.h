// Writes dim expressions as index arithmetic of the host program.
#ifndef TENSEL_PASSES_TASK_HOSTDIMS_H
#define TENSEL_PASSES_TASK_HOSTDIMS_H

#include "mlir/IR/IRMapping.h"
#include "passes/graph/SymbolicShapes.h"

namespace tensel {

class HostDims {
public:
  /// `replaced` maps values of the graph to those of the host program as far as it is written.
  HostDims(SymbolicShapes &shapes, mlir::FunctionOpInterface func, const mlir::IRMapping &replaced);

  /// The dim as an index value at the builder's place.
  mlir::Value get(mlir::OpBuilder &b, mlir::Location loc, graph::Dim dim) { return get(b, loc, shapes.toExpr(dim)); }
  mlir::Value get(mlir::OpBuilder &b, mlir::Location loc, mlir::AffineExpr expr);
  /// The dynamic dims of a value of the graph.
  llvm::SmallVector<mlir::Value> dynamicDims(mlir::OpBuilder &b, mlir::Value value);
  /// Fails when a dim was asked for that no host program can compute; an error has told.
  llvm::LogicalResult verdict() const { return llvm::failure(hasFailed); }

private:
  mlir::Value build(mlir::OpBuilder &b, mlir::Location loc, mlir::AffineExpr expr);
  mlir::Value buildUnknown(mlir::OpBuilder &b, mlir::Location loc, const Unknown &unknown);

  SymbolicShapes &shapes;
  const mlir::IRMapping &replaced;
  bool hasFailed = false;
  llvm::SmallVector<mlir::Value> symbols; // per declared symbol, null: no argument has it
  llvm::DenseMap<std::pair<mlir::Block *, mlir::AffineExpr>, mlir::Value> cache;
};

} // namespace tensel
#endif // TENSEL_PASSES_TASK_HOSTDIMS_H
