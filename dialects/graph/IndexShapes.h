// The algebra of dims as code: a dim that is not a number is an SSA value of type index. Used where dims are
// computed at run time: inside kernels (passes/kernel) and in the host program (passes/task).
#ifndef TENSEL_DIALECTS_GRAPH_INDEXSHAPES_H
#define TENSEL_DIALECTS_GRAPH_INDEXSHAPES_H

#include "dialects/graph/ShapeContext.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include <map>
#include <tuple>

namespace tensel::graph {

class IndexShapes : public ShapeContext {
public:
  /// Code is made at `b`'s insertion point. Equal expressions give the same value, so every later insertion point must
  /// be dominated by the earlier ones; call `forget` where that ends.
  IndexShapes(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}

  static Dim of(mlir::Value index) { return Dim::of(index.getAsOpaquePointer()); }
  /// The dim as an index value or attribute; an unknown dim is an error of the caller.
  mlir::Value value(Dim dim);
  mlir::OpFoldResult foldResult(Dim dim);
  /// a == c, as far as it can be seen without running: the same number or the same SSA value.
  static bool areSame(Dim a, Dim c);
  /// An i1 value of a == c, also where only running tells.
  mlir::Value isEqual(Dim a, Dim c);
  void forget() {
    made.clear();
    selected.clear();
  }

protected:
  Dim combine(DimOp op, Dim a, Dim c) override;
  Dim combineSelect(bool less, Dim a, Dim c, Dim yes, Dim no) override;
  /// By default tensor.dim, and tensor.extract of the element as index.
  Dim unknownDim(mlir::Value tensor, int64_t index) override;
  Dim unknownElement(mlir::Value tensor, int64_t index) override;
  Dim scaled(Dim dim, mlir::Value scales, int64_t index) override;
  /// The scalar of storage type at a constant position of a 0-D or 1-D tensor.
  virtual mlir::Value extractElement(mlir::Value tensor, int64_t index);

  mlir::OpBuilder &b;
  mlir::Location loc;

private:
  using Key = std::tuple<int64_t, const void *>;
  static Key keyOf(Dim dim) { return {dim.constant.value_or(0), dim.handle}; }
  std::map<std::tuple<DimOp, Key, Key>, mlir::Value> made;
  std::map<std::tuple<bool, Key, Key, Key, Key>, mlir::Value> selected;
};

} // namespace tensel::graph
#endif // TENSEL_DIALECTS_GRAPH_INDEXSHAPES_H
