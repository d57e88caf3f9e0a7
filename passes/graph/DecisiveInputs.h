// Which inputs decide, by their elements, dims that nothing else bounds: a program that is compiled and run in one go takes these
// inputs as constants, since without a bound its memory could not be planned.
#ifndef TENSEL_PASSES_GRAPH_DECISIVEINPUTS_H
#define TENSEL_PASSES_GRAPH_DECISIVEINPUTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

namespace tensel {

/// Arguments of `func` (over graph ops, before fusion) with elements that a dim without upper bound follows from. Empty too when
/// the shapes of the function do not fit together.
llvm::SetVector<mlir::BlockArgument> findDecisiveInputs(mlir::func::FuncOp func);

/// Replaces the argument by the constant `value`; the signature stays. Who runs the program must pass this same value.
void fixInput(mlir::BlockArgument argument, mlir::DenseElementsAttr value);

} // namespace tensel
#endif // TENSEL_PASSES_GRAPH_DECISIVEINPUTS_H
