// Arithmetic on registers that emitters write out themselves.
#ifndef TENSEL_PASSES_KERNEL_VECTORMATH_H
#define TENSEL_PASSES_KERNEL_VECTORMATH_H

#include "mlir/IR/Builders.h"

namespace tensel {
/// 2^x for x <= 0, a vector of f32 or f64; within 1.5 units of the last place, exactly 1 at 0, 0 where the result would be subnormal, NaN at NaN.
/// After x = n + r, |r| <= 1/2 (Cody and Waite 1980): 2^r by a polynomial, 2^n by its bits.
mlir::Value exp2OfNegative(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);

/// Transposes a square: as many vectors as each has lanes, a power of two. Each of log2(lanes) rounds swaps the off-diagonal blocks of one size.
void transposeSquare(mlir::OpBuilder &b, mlir::Location loc, llvm::MutableArrayRef<mlir::Value> rows);

/// Of a square of floats the vector whose lane i is the sum over the lanes of rows[i]. Each of log2(lanes) rounds adds halves of pairs of vectors.
mlir::Value sumLanes(mlir::OpBuilder &b, mlir::Location loc, llvm::SmallVector<mlir::Value> rows);
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_VECTORMATH_H
