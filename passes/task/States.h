// What an entry carries from call to call: arguments and results that name one `graph.state` (docs/decisions/0004).
#ifndef TENSEL_PASSES_TASK_STATES_H
#define TENSEL_PASSES_TASK_STATES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tensel {

/// An argument and the result that is its next value. The result is to lie in the argument's memory when the entry returns.
struct StatePair {
  unsigned argument, result;
};

/// The entry's states, in the order of the results. Needs the results' dims (-tensel-form-dispatches). Reports a state that is named
/// twice, and one whose next value has another type or other dims. An argument without a next value is an ordinary one.
mlir::FailureOr<llvm::SmallVector<StatePair>> findStates(mlir::func::FuncOp entry);

} // namespace tensel
#endif // TENSEL_PASSES_TASK_STATES_H
