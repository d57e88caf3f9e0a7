// How far an op's result may be from the reference's, element by element, because rounding may go another way than there: sums in another
// order, functions by approximation, composite ops by a kernel of their own.
#ifndef TENSEL_TESTS_FUZZ_GRAPHS_ROUNDING_H
#define TENSEL_TESTS_FUZZ_GRAPHS_ROUNDING_H

#include "compiler/reference/Interpreter.h"
#include "mlir/IR/OwningOpRef.h"
#include <limits>

namespace tensel::fuzz {

constexpr double undecided = std::numeric_limits<double>::infinity();

/// The floating-point numbers of a kind.
struct FloatRange {
  double epsilon; ///< the distance from 1 to the next number
  double largest, leastNormal, least;
};
FloatRange rangeOf(reference::Kind kind);

/// What is known of an op besides its operands.
struct Circumstances {
  /// Some operand may differ from the reference's already.
  bool afterRounding = false;
  /// Part of the definition of an op that has a kernel of its own: that may round at each of its steps, take factors together, and give 0 for
  /// what is below the smallest normal number.
  bool insideKernel = false;
};

/// For each element of a floating-point result how far it may be off: 0 for exact ones, and `undecided` where something that is computed on
/// the way, in one of the orders that are allowed, may leave the range of its type's numbers. Empty: all are exact. Not for composite
/// ops, whose definitions say where they round.
std::vector<double> boundsOf(WeightResolver &weights, mlir::Operation *op, llvm::ArrayRef<reference::Tensor> operands,
                             const reference::Tensor &result, Circumstances circumstances);

/// For an op whose results are truncated to integers: the same op with results of f64, or null.
mlir::OwningOpRef<mlir::Operation *> withoutTruncation(mlir::Operation *op);

} // namespace tensel::fuzz
#endif // TENSEL_TESTS_FUZZ_GRAPHS_ROUNDING_H
