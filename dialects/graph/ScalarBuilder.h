// The vocabulary that scalar bodies of elementwise ops are written in: arith and math ops with the signedness of
// the graph types. Works on scalars and vectors alike.
#ifndef TENSEL_DIALECTS_GRAPH_SCALARBUILDER_H
#define TENSEL_DIALECTS_GRAPH_SCALARBUILDER_H

#include "mlir/IR/Builders.h"

namespace tensel::graph {
enum class ComparePredicate : uint32_t;
enum class ReduceKind : uint32_t;

/// The type that elements of a graph type have in storage and in scalar code: ui8.. become i8...
mlir::Type storageType(mlir::Type elementType);

class ScalarBuilder {
public:
  /// `type`: the graph element type (with signedness); `like`: a scalar or vector value of its storage (or f32 for f16/bf16).
  ScalarBuilder(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type, mlir::Value like);

  /// Runs `body` on `args` of `op`; f16 and bf16 arguments arrive as f32 and an f32 result leaves as the op's type.
  static mlir::Value apply(mlir::OpBuilder &b, mlir::Location loc, mlir::Operation *op, mlir::ValueRange args,
                           llvm::function_ref<mlir::Value(ScalarBuilder &, mlir::ValueRange)> body);

  mlir::Value constant(double value);
  mlir::Value zero() { return constant(0); }
  mlir::Value one() { return constant(1); }

  mlir::Value add(mlir::Value a, mlir::Value c);
  mlir::Value sub(mlir::Value a, mlir::Value c);
  mlir::Value mul(mlir::Value a, mlir::Value c);
  mlir::Value div(mlir::Value a, mlir::Value c);
  mlir::Value rem(mlir::Value a, mlir::Value c);
  mlir::Value mod(mlir::Value a, mlir::Value c);
  mlir::Value pow(mlir::Value a, mlir::Value c);
  mlir::Value max(mlir::Value a, mlir::Value c);
  mlir::Value min(mlir::Value a, mlir::Value c);
  mlir::Value bitAnd(mlir::Value a, mlir::Value c);
  mlir::Value bitOr(mlir::Value a, mlir::Value c);
  mlir::Value bitXor(mlir::Value a, mlir::Value c);
  mlir::Value bitNot(mlir::Value a);
  mlir::Value shiftLeft(mlir::Value a, mlir::Value c);
  mlir::Value shiftRight(mlir::Value a, mlir::Value c);
  mlir::Value abs(mlir::Value a);
  mlir::Value neg(mlir::Value a);
  mlir::Value sign(mlir::Value a);
  mlir::Value sigmoid(mlir::Value a);
  mlir::Value isNan(mlir::Value a);
  mlir::Value isInf(mlir::Value a, bool positive, bool negative);
  mlir::Value compare(ComparePredicate predicate, mlir::Value a, mlir::Value c);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value c);
  /// Converts a storage value of graph type `from` to storage of `to`.
  mlir::Value cast(mlir::Value a, mlir::Type from, mlir::Type to);
  /// combine and neutral element of a reduction (mean reduces as sum).
  mlir::Value combine(ReduceKind kind, mlir::Value a, mlir::Value c);
  mlir::Value neutral(ReduceKind kind);

  /// A math op on floats; on integers the rounding ops are the identity.
  template <typename Op>
  mlir::Value math(mlir::Value a) {
    if (!isFloat)
      return a;
    return Op::create(b, loc, a);
  }

  bool isFloat, isUnsigned, isBool;

private:
  mlir::Type withShapeOf(mlir::Type element, mlir::Value like) const;
  mlir::Value integerPow(mlir::Value base, mlir::Value exponent);
  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type element; // what is computed in: f32 for f16 and bf16, else storage
  mlir::Value like;
};

} // namespace tensel::graph
#endif // TENSEL_DIALECTS_GRAPH_SCALARBUILDER_H
