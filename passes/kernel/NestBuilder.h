// What the emitters of loop nests over vectors share: index arithmetic that folds, loops, branches, buffers on the stack.
#ifndef TENSEL_PASSES_KERNEL_NESTBUILDER_H
#define TENSEL_PASSES_KERNEL_NESTBUILDER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"

namespace tensel {
/// Index arithmetic that folds constants and gives equal products the same Value.
class IndexMath {
public:
  IndexMath(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}
  mlir::Value constant(int64_t v);
  mlir::Value add(mlir::Value x, mlir::Value y); ///< null counts as 0
  mlir::Value mul(mlir::Value x, mlir::Value y); ///< null counts as 0 and stays null
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value div(mlir::Value x, mlir::Value y); ///< unsigned
  mlir::Value rem(mlir::Value x, mlir::Value y); ///< unsigned
  mlir::Value ceilDiv(mlir::Value x, mlir::Value y);
  mlir::Value min(mlir::Value x, mlir::Value y); ///< unsigned
  mlir::Value max(mlir::Value x, mlir::Value y); ///< unsigned
  mlir::Value less(mlir::Value x, mlir::Value y);
  /// mul() of values of the entry block, remembered; for strides. Made before `anchor` when that is set.
  mlir::Value stride(mlir::Value x, mlir::Value y);

  mlir::Operation *anchor = nullptr;
  mlir::OpBuilder &b;
  mlir::Location loc;

private:
  llvm::DenseMap<std::pair<mlir::Value, mlir::Value>, mlir::Value> products;
};

/// The argument `memref` as a flat array of its elements.
mlir::Value flatView(IndexMath &m, mlir::Value memref);
/// The product of all dims of `memref` but the last `inner`.
mlir::Value outerSize(IndexMath &m, mlir::Value memref, int64_t inner);
/// Dim `d` of a memref.
mlir::Value dimOf(IndexMath &m, mlir::Value memref, int64_t d);

/// The base of an emitter: writes loops at the builder's place, which stays behind what was written.
class NestBuilder {
protected:
  explicit NestBuilder(IndexMath &m) : m(m), b(m.b), loc(m.loc) {}
  using Body = llvm::function_ref<void(mlir::Value)>;
  using Values = llvm::SmallVector<mlir::Value>;
  void loop(mlir::Value from, mlir::Value to, int64_t step, Body body);
  /// A loop that carries values: `body` returns the next ones.
  Values carry(mlir::Value from, mlir::Value to, int64_t step, mlir::ValueRange initial,
               llvm::function_ref<Values(mlir::Value, mlir::ValueRange)> body);
  /// Only one side is written when the condition is known.
  void branch(mlir::Value condition, llvm::function_ref<void()> yes, llvm::function_ref<void()> no);
  mlir::Value stackBuffer(mlir::Type element, int64_t size);
  mlir::Value load(mlir::Value flat, mlir::Value at);
  void store(mlir::Value value, mlir::Value flat, mlir::Value at);
  /// Asks for the lines of `size` elements; `locality` as in memref.prefetch: 3 into all caches, 0 past them.
  void prefetch(mlir::Value flat, mlir::Value at, int64_t size, unsigned locality = 3);

  IndexMath &m;
  mlir::OpBuilder &b;
  mlir::Location loc;
};
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_NESTBUILDER_H
