// The emitters of kernels on quantized weights and the rows that they meet (EmitQuantized.cpp is the pass).
#ifndef TENSEL_PASSES_KERNEL_BLOCKPRODUCT_H
#define TENSEL_PASSES_KERNEL_BLOCKPRODUCT_H

#include "dialects/blocks/PackedFormat.h"
#include "dialects/graph/Graph.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/kernel/Contraction.h"

namespace tensel {
/// What of the processor the emitters need to know.
struct QuantizedTarget {
  int64_t vectorBits;  ///< 256 or 512
  bool hasDotProducts; ///< AVX512-VNNI: sums of four products of bytes in one instruction
  bool pastCaches;     ///< weights are too large to be found in a cache the next time

  int64_t lanes() const { return vectorBits / 32; }
};

/// Emits the kernel at the builder's place in the entry block; `arguments` are the op's operands and then its results, as memrefs.
void emitQuantizeRows(IndexMath &m, graph::QuantizeRowsOp op, mlir::ValueRange arguments);
void emitBlockProduct(IndexMath &m, graph::BlockMatmulOp op, mlir::ValueRange arguments, const QuantizedTarget &target);

/// Sums of products of bytes: vectors of 4 * lanes unsigned codes, at most `largest`, with four signed bytes of a row that meet each
/// lane. Processors without an instruction for the whole add pairs in 16 bits, where they must not overflow.
class DotProduct {
public:
  DotProduct(mlir::OpBuilder &b, mlir::Location loc, const QuantizedTarget &target, unsigned largest)
      : b(b), loc(loc), target(target), largest(largest) {}
  /// The sum over all vectors of codes, i32 per lane; `rows[v]` is the i32 that holds the four bytes for codes[v].
  mlir::Value sum(llvm::ArrayRef<mlir::Value> codes, llvm::ArrayRef<mlir::Value> rows);

private:
  mlir::Value call(llvm::StringRef intrinsic, mlir::Type type, mlir::ValueRange operands);
  mlir::Value splat(mlir::Type type, int64_t value);
  mlir::Value bytesOf(mlir::Value four);
  mlir::Value addPairs(mlir::Value words, int64_t factor);
  mlir::VectorType vectorOf(unsigned bits) { return mlir::VectorType::get({target.vectorBits / bits}, b.getIntegerType(bits)); }

  mlir::OpBuilder &b;
  mlir::Location loc;
  QuantizedTarget target;
  unsigned largest;
};
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_BLOCKPRODUCT_H
