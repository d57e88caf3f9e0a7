// Operands that say how large a result is, such as the second one of a reshape, and ops that are made again for other sizes.
#ifndef TENSEL_PASSES_GRAPH_SHAPEOPERANDS_H
#define TENSEL_PASSES_GRAPH_SHAPEOPERANDS_H

#include "mlir/IR/Operation.h"

namespace tensel {

/// The operands whose elements the dims of the op's results are made of, by number.
llvm::SmallVector<unsigned> shapeOperands(mlir::Operation *op);

/// Makes constants among these that give dim `dim` of the op's only result the size `from` give it the size `to`. False where such an
/// operand is no constant.
bool resizeShapes(mlir::Operation *op, int64_t dim, int64_t from, int64_t to);

/// Whether the op's only result has the type that its operands give it, as far as that is known.
bool hasInferredType(mlir::Operation *op);

/// Whether the op gives its first operand's elements, in their order, under other dims.
bool isReshape(mlir::Operation *op);

} // namespace tensel
#endif // TENSEL_PASSES_GRAPH_SHAPEOPERANDS_H
