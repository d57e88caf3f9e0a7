// A kernel that is one contraction with an elementwise epilogue, as its emitter sees it. All operands are contiguous, so the address of each
// is base + sum over loops of coefficient * index, and splits into a part per group of loops:
//   N      loops over which the output and the vector operand run fastest; flattened into columns
//   M      loops of the scalar operand only; flattened into rows
//   K      reduction loops, flattened
//   outer  all others (batch dims, images, groups)
// Operands of f16 and bf16 are widened where they are read; sums are f32 or f64. A result in f16 or bf16 needs sums that never leave their
// registers, which blocks of weights give.
#ifndef TENSEL_PASSES_KERNEL_CONTRACTION_H
#define TENSEL_PASSES_KERNEL_CONTRACTION_H

#include "passes/kernel/EmitLoops.h"
#include "passes/kernel/NestBuilder.h"

namespace tensel {
/// What the analysis on tensors finds; no IR is changed by it.
struct ContractionMatch {
  mlir::linalg::GenericOp contraction, epilogue; // epilogue may be null
  unsigned resultInput = 0;                      // the epilogue's input that is the contraction's result
};

/// Recognises a kernel `fill 0 -> contraction [-> elementwise] -> return` whose other operands are arguments.
std::optional<ContractionMatch> matchContraction(mlir::func::FuncOp func);

/// An operand as a flat array, with its coefficient per loop of the contraction (null: does not move).
struct FlatOperand {
  mlir::Value flat; // memref<?xT>
  mlir::Value base; // constant part of the address, may be null
  llvm::SmallVector<mlir::Value> coefs;
  /// Loop `dim` runs over blocks: its coefficient holds inside a block of `width`, blocks are `stride` apart, and the last one is whole.
  struct Blocks {
    unsigned dim;
    int64_t width;
    mlir::Value stride;
  };
  std::optional<Blocks> blocks;
  mlir::Type elementType() const { return mlir::cast<mlir::MemRefType>(flat.getType()).getElementType(); }
};

/// Loops that are stepped through as one.
struct LoopGroup {
  llvm::SmallVector<unsigned> dims;
  llvm::SmallVector<mlir::Value> sizes;
  mlir::Value total;

  /// Can `operand` be stepped through the group by one stride? Then that stride, else null; a group it does not move along has stride null, too.
  mlir::Value commonStride(IndexMath &m, const FlatOperand &operand) const;
  bool moves(const FlatOperand &operand) const;
  /// The operand's offset at flat index `flat` of the group; null for 0.
  mlir::Value offset(IndexMath &m, const FlatOperand &operand, mlir::Value flat) const;
};

/// Everything the emitter needs, with dims and strides as values of the entry block.
struct Contraction {
  mutable mlir::linalg::GenericOp epilogue;
  mlir::Type element; ///< of the sums
  unsigned resultInput = 0;
  FlatOperand scalar, vector, out;
  llvm::SmallVector<std::optional<FlatOperand>> extra; // per epilogue input; none for the result and for scalars
  LoopGroup outer, m, n, k;
};

/// Builds the description at the start of a function whose arguments are memrefs already. Fails on forms the emitter has no code for.
mlir::FailureOr<Contraction> describeContraction(ContractionMatch match, mlir::func::FuncOp func, DimNames &names, IndexMath &m);
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_CONTRACTION_H
