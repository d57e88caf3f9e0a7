// Operands that say how large a result is, such as the second one of a reshape.
#ifndef TENSEL_PASSES_GRAPH_SHAPEOPERANDS_H
#define TENSEL_PASSES_GRAPH_SHAPEOPERANDS_H

#include "mlir/IR/Operation.h"

namespace tensel {

/// The operands whose elements the dims of the op's results are made of, by number.
llvm::SmallVector<unsigned> shapeOperands(mlir::Operation *op);

} // namespace tensel
#endif // TENSEL_PASSES_GRAPH_SHAPEOPERANDS_H
