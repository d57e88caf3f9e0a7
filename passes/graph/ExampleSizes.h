// Sizes to look at a program with dims that vary: what is found for them holds for nearly all others.
#ifndef TENSEL_PASSES_GRAPH_EXAMPLESIZES_H
#define TENSEL_PASSES_GRAPH_EXAMPLESIZES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/DenseSet.h"
#include <optional>

namespace tensel {

/// Each symbol is a prime of its own that is no static dim of the function, so dims are equal only where their expressions are.
class ExampleSizes {
public:
  explicit ExampleSizes(mlir::func::FuncOp func);

  /// The value of an expression over symbols; nothing where it has none.
  std::optional<int64_t> of(mlir::AffineExpr expr);

private:
  int64_t last = 100;
  llvm::DenseSet<int64_t> taken;
  llvm::DenseMap<unsigned, int64_t> primes; // by symbol
};

} // namespace tensel
#endif // TENSEL_PASSES_GRAPH_EXAMPLESIZES_H
