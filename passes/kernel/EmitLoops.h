// The parts of the generic code generation that live in files of their own; see EmitLoops.cpp for the order.
#ifndef TENSEL_PASSES_KERNEL_EMITLOOPS_H
#define TENSEL_PASSES_KERNEL_EMITLOOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Rewrite/FrozenRewritePatternSet.h"

namespace tensel {
/// Canonicalises and removes common subexpressions. A pass makes one when it is initialised (WithCleanUp): collecting the patterns of every
/// op of every loaded dialect takes longer than most kernels.
class CleanUp {
public:
  CleanUp() = default;
  explicit CleanUp(mlir::MLIRContext *context);
  void operator()(mlir::func::FuncOp func) const;

private:
  mlir::FrozenRewritePatternSet patterns;
};

/// A pass that has a CleanUp.
template <typename Base>
class WithCleanUp : public Base {
public:
  using Base::Base;
  llvm::LogicalResult initialize(mlir::MLIRContext *context) override {
    cleanUp = CleanUp(context);
    return llvm::success();
  }

protected:
  CleanUp cleanUp;
};

/// The row-major memref type with the shape of a tensor.
mlir::MemRefType contiguousMemRef(mlir::RankedTensorType type);

/// Changes tensor arguments to memrefs, read through bufferization.to_tensor; appends the trailing ones (a result each) to `destinations`.
void convertArguments(mlir::func::FuncOp func, llvm::SmallVectorImpl<mlir::Value> &destinations);

/// Collapses neighbouring loop dims of a lone elementwise op that every operand steps through together; returns the new op.
mlir::linalg::GenericOp collapseElementwise(mlir::linalg::GenericOp op);

/// Tiles `root` over its outer parallel dims, fuses its producers into the tile loop, and makes one loop of the tile loops, marked
/// `tensel.parallel`. Returns that loop, or null when there is nothing to tile.
mlir::scf::ForOp tileRoot(mlir::linalg::GenericOp root);

/// The parallel loop that output and inputs all run along contiguously while no input's last dim is reduced, as in a sum over rows; if any.
std::optional<unsigned> contiguousLoop(mlir::linalg::GenericOp op);

/// Makes that loop the innermost one, so that it is vectorised and the reduction runs over whole rows.
mlir::linalg::GenericOp putContiguousLoopInside(mlir::RewriterBase &rewriter, mlir::linalg::GenericOp op);

/// One name (argument and dim, or a constant) for all dims that a kernel's ops step through together; see UnifyDims.cpp.
class DimNames {
public:
  /// Looks at the ops on tensors, before tiling.
  explicit DimNames(mlir::func::FuncOp func);
  /// Rewrites tensor.dim and memref.dim of arguments to ask for the name.
  void apply(mlir::func::FuncOp func);
  /// The dim of a memref argument: a constant, or one memref.dim per name, made at the builder's place on first use.
  mlir::Value get(mlir::OpBuilder &b, mlir::Location loc, mlir::Value memref, int64_t dim);

private:
  llvm::DenseMap<std::pair<void *, int64_t>, mlir::Value> made;
  struct Name {
    mlir::Value memref;
    int64_t dim, size;
  };
  llvm::DenseMap<std::pair<void *, int64_t>, Name> names;
};

/// Moves what makes `value`, and the arithmetic that it needs, before `op` of the same block, where it may stand there.
bool hoistBefore(mlir::Value value, mlir::Operation *op);

/// Splits innermost loops whose body is behind one check of where they are, so that each part is without it. Returns whether there were any.
bool splitChecks(mlir::func::FuncOp func);

/// Lets elementwise producers inside the tile loop write to the destination of the op that consumes them, where that op overwrites it
/// element by element; a row of exponentials then needs no buffer of its own.
void shareDestinations(mlir::func::FuncOp func);
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_EMITLOOPS_H
