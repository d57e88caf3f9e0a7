// How much of the numbers a pass keeps, as a part of its type: the pass definitions derive from NumericPass by the classes of
// NumericPass.td, and numericClassOf() answers for any pass object, such as one that an instrumentation is shown.
#ifndef TENSEL_PASSES_NUMERICCLASS_H
#define TENSEL_PASSES_NUMERICCLASS_H

#include "mlir/Pass/Pass.h"
#include <optional>

namespace tensel {

enum class NumericClass {
  Exact,        ///< every value keeps its bits
  Reassociates, ///< the same up to a bound that follows from the ops
  Lossy,        ///< rounds or drops something on purpose; the drift is reported
};

/// "exact", "reassociates", "lossy".
llvm::StringRef nameOf(NumericClass numericClass);

/// What the pass declares; for MLIR's own passes, what we know of them. Nothing for a pass that says nothing.
std::optional<NumericClass> numericClassOf(const mlir::Pass &pass);

/// Called as a pass is made.
void declareNumericClass(mlir::TypeID pass, NumericClass numericClass);

/// The base of a pass on `OpT` (void: on any op).
template <NumericClass numericClass, typename OpT = void>
class NumericPass : public mlir::OperationPass<OpT> {
protected:
  explicit NumericPass(mlir::TypeID id) : mlir::OperationPass<OpT>(id) { declareNumericClass(id, numericClass); }
  NumericPass(const NumericPass &) = default;
};

} // namespace tensel
#endif // TENSEL_PASSES_NUMERICCLASS_H
