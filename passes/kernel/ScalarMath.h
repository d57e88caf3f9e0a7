// f32 functions that are right over their whole range, where MLIR's approximations are not.
#ifndef TENSEL_PASSES_KERNEL_SCALARMATH_H
#define TENSEL_PASSES_KERNEL_SCALARMATH_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"

namespace tensel {
/// exp, sin, cos of f32 and expm1 of f64 as arithmetic, on scalars and vectors: within 2 units of the last place for every argument, with
/// subnormal results, signed zeros, infinities and NaN as IEEE 754 has them.
void populateScalarMath(mlir::RewritePatternSet &patterns);

/// Before MLIR's approximations of log, log2 and erf, which take subnormal numbers for the least normal one and lose the sign of 0.
void guardApproximations(mlir::func::FuncOp func);
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_SCALARMATH_H
