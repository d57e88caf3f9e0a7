// The parts of the generic code generation that live in files of their own; see EmitLoops.cpp for the order.
#ifndef TENSEL_PASSES_KERNEL_EMITLOOPS_H
#define TENSEL_PASSES_KERNEL_EMITLOOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace tensel {
/// Canonicalises and removes common subexpressions.
void cleanUp(mlir::func::FuncOp func);

/// The row-major memref type with the shape of a tensor.
mlir::MemRefType contiguousMemRef(mlir::RankedTensorType type);

/// Changes tensor arguments to memrefs, read through bufferization.to_tensor; appends the trailing ones (a result each) to `destinations`.
void convertArguments(mlir::func::FuncOp func, llvm::SmallVectorImpl<mlir::Value> &destinations);

/// Collapses neighbouring loop dims of a lone elementwise op that every operand steps through together; returns the new op.
mlir::linalg::GenericOp collapseElementwise(mlir::linalg::GenericOp op);

/// Tiles `root` over its outer parallel dims, fuses its producers into the tile loop, and makes one loop of the tile loops, marked
/// `tensel.parallel`. Returns that loop, or null when there is nothing to tile.
mlir::scf::ForOp tileRoot(mlir::linalg::GenericOp root);
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_EMITLOOPS_H
