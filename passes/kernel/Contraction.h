// A kernel that is one contraction with an elementwise epilogue, as its emitter sees it. All operands are contiguous, so the address of each
// is base + sum over loops of coefficient * index, and splits into a part per group of loops:
//   N      loops over which the output and the vector operand run fastest; flattened into columns
//   M      loops of the scalar operand only; flattened into rows
//   K      reduction loops, flattened
//   outer  all others (batch dims, images, groups)
#ifndef TENSEL_PASSES_KERNEL_CONTRACTION_H
#define TENSEL_PASSES_KERNEL_CONTRACTION_H

#include "passes/kernel/EmitLoops.h"

namespace tensel {
/// What the analysis on tensors finds; no IR is changed by it.
struct ContractionMatch {
  mlir::linalg::GenericOp contraction, epilogue; // epilogue may be null
  unsigned resultInput = 0;                      // the epilogue's input that is the contraction's result
};

/// Recognises a kernel `fill 0 -> contraction [-> elementwise] -> return` whose other operands are arguments.
std::optional<ContractionMatch> matchContraction(mlir::func::FuncOp func);

/// Index arithmetic that folds constants and gives equal products the same Value.
class IndexMath {
public:
  IndexMath(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}
  mlir::Value constant(int64_t v);
  mlir::Value add(mlir::Value x, mlir::Value y); ///< null counts as 0
  mlir::Value mul(mlir::Value x, mlir::Value y); ///< null counts as 0 and stays null
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value div(mlir::Value x, mlir::Value y); ///< unsigned
  mlir::Value rem(mlir::Value x, mlir::Value y); ///< unsigned
  mlir::Value ceilDiv(mlir::Value x, mlir::Value y);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value max(mlir::Value x, mlir::Value y);
  mlir::Value less(mlir::Value x, mlir::Value y);
  /// mul() of values of the entry block, remembered; for strides. Made before `anchor` when that is set.
  mlir::Value stride(mlir::Value x, mlir::Value y);

  mlir::Operation *anchor = nullptr;
  mlir::OpBuilder &b;
  mlir::Location loc;

private:
  llvm::DenseMap<std::pair<mlir::Value, mlir::Value>, mlir::Value> products;
};

/// An operand as a flat array, with its coefficient per loop of the contraction (null: does not move).
struct FlatOperand {
  mlir::Value flat; // memref<?xT>
  mlir::Value base; // constant part of the address, may be null
  llvm::SmallVector<mlir::Value> coefs;
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
  unsigned resultInput = 0;
  FlatOperand scalar, vector, out;
  llvm::SmallVector<std::optional<FlatOperand>> extra; // per epilogue input; none for the result and for scalars
  LoopGroup outer, m, n, k;
};

/// Builds the description at the start of a function whose arguments are memrefs already. Fails on forms the emitter has no code for.
mlir::FailureOr<Contraction> describeContraction(ContractionMatch match, mlir::func::FuncOp func, DimNames &names, IndexMath &m);
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_CONTRACTION_H
