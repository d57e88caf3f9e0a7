// One shape function per op serves three algebras of dims: static types (StaticShapes), symbolic expressions
// (passes/graph) and host code that computes dims at run time (passes/task). A shape function is written against
// ShapeContext; constants fold here, so an algebra only sees what is really unknown.
#ifndef TENSEL_DIALECTS_GRAPH_SHAPECONTEXT_H
#define TENSEL_DIALECTS_GRAPH_SHAPECONTEXT_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace tensel::graph {

/// A dim: a known number, or an algebra's own handle (null: unknown).
struct Dim {
  std::optional<int64_t> constant;
  const void *handle = nullptr;

  Dim() = default;
  Dim(int64_t value) : constant(value) {}
  static Dim of(const void *handle) {
    Dim dim;
    dim.handle = handle;
    return dim;
  }
  bool is(int64_t value) const { return constant && *constant == value; }
};
using DimList = llvm::SmallVector<Dim>;
using DimLists = llvm::SmallVectorImpl<DimList>;

enum class DimOp { add, sub, mul, floorDiv, ceilDiv, min, max, /*a if b == 1 else b*/ broadcast };

class ShapeContext {
public:
  virtual ~ShapeContext() = default;

  /// Dim `index` of a tensor (static dims are answered from the type).
  Dim dim(mlir::Value tensor, int64_t index);
  DimList dims(mlir::Value tensor);
  /// Element `index` of a small 1-D or 0-D integer tensor (constants are seen through).
  Dim element(mlir::Value tensor, int64_t index);
  Dim add(Dim a, Dim b) { return fold(DimOp::add, a, b); }
  Dim sub(Dim a, Dim b) { return fold(DimOp::sub, a, b); }
  Dim mul(Dim a, Dim b) { return fold(DimOp::mul, a, b); }
  /// Division by a positive divisor, rounded down / up.
  Dim floorDiv(Dim a, Dim b) { return fold(DimOp::floorDiv, a, b); }
  Dim ceilDiv(Dim a, Dim b) { return fold(DimOp::ceilDiv, a, b); }
  Dim min(Dim a, Dim b) { return fold(DimOp::min, a, b); }
  Dim max(Dim a, Dim b) { return fold(DimOp::max, a, b); }
  /// The dim that two broadcast dims give: the other when one is 1.
  Dim broadcast(Dim a, Dim b) { return fold(DimOp::broadcast, a, b); }
  Dim product(llvm::ArrayRef<Dim> dims);
  /// `whenEqual` if a == b, else `otherwise`; the same for a < b.
  Dim selectEqual(Dim a, Dim b, Dim whenEqual, Dim otherwise) { return foldSelect(false, a, b, whenEqual, otherwise); }
  Dim selectLess(Dim a, Dim b, Dim whenLess, Dim otherwise) { return foldSelect(true, a, b, whenLess, otherwise); }
  /// The NumPy broadcast of all tensors' dims, appended as one result.
  llvm::LogicalResult broadcast(mlir::ValueRange tensors, DimLists &results);
  DimList broadcastDims(llvm::ArrayRef<Dim> a, llvm::ArrayRef<Dim> b);

  /// A dim that only the data decides (a range over computed floats): `tag` tells which.
  virtual Dim dataDependent(mlir::Value operand, llvm::StringRef tag) { return {}; }
  /// The element of `scales` times the dim, rounded down (resize); constants are folded by the caller.
  virtual Dim scaled(Dim dim, mlir::Value scales, int64_t index) { return {}; }

  llvm::LogicalResult fail(const llvm::Twine &message);
  std::string error;

protected:
  virtual Dim unknownDim(mlir::Value tensor, int64_t index) { return {}; }
  virtual Dim unknownElement(mlir::Value tensor, int64_t index) { return {}; }
  virtual Dim combine(DimOp op, Dim a, Dim b) { return {}; }
  /// a < b (`less`) or a == b chooses; an algebra of dims may assume that an unknown is not negative.
  virtual Dim combineSelect(bool less, Dim a, Dim b, Dim yes, Dim no) { return {}; }

private:
  Dim fold(DimOp op, Dim a, Dim b);
  Dim foldSelect(bool less, Dim a, Dim b, Dim yes, Dim no);
};

/// Result types with every dim that follows from static dims and constants; reports at `location` when no shape fits.
llvm::LogicalResult inferStaticTypes(std::optional<mlir::Location> location,
                                     llvm::function_ref<llvm::LogicalResult(ShapeContext &, DimLists &)> shapes,
                                     llvm::ArrayRef<mlir::Type> elementTypes, llvm::SmallVectorImpl<mlir::Type> &inferred);

/// The integers of a constant tensor (graph.constant, at most 1024 elements), or nothing.
std::optional<llvm::SmallVector<int64_t>> getConstantInts(mlir::Value value);

/// Same element types and dims that could be equal.
bool areCompatible(mlir::TypeRange lhs, mlir::TypeRange rhs);

mlir::Type elementTypeOf(mlir::Value value);
/// The rank of a ranked tensor.
int64_t rankOf(mlir::Value value);
/// f16 or bf16.
bool isHalf(mlir::Type elementType);

} // namespace tensel::graph
#endif // TENSEL_DIALECTS_GRAPH_SHAPECONTEXT_H
