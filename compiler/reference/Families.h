// One function per op that is neither elementwise nor composite: it fills `results`, which come as zeros of the
// op's result dims and held element types, from `operands`. The op gives attributes only.
#ifndef TENSEL_COMPILER_REFERENCE_FAMILIES_H
#define TENSEL_COMPILER_REFERENCE_FAMILIES_H

#include "compiler/reference/Tensor.h"
#include "dialects/graph/Graph.h"

namespace tensel::reference {

using Operands = llvm::ArrayRef<Tensor>;
using Results = llvm::MutableArrayRef<Tensor>;

// Contraction.cpp
llvm::LogicalResult evaluate(graph::MatmulOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::ConvOp op, Operands operands, Results results);

// Reduction.cpp
llvm::LogicalResult evaluate(graph::ReduceOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::ArgReduceOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::CumulateOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::TopKOp op, Operands operands, Results results);

// Window.cpp
llvm::LogicalResult evaluate(graph::PoolOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::MaxPoolIndicesOp op, Operands operands, Results results);

// Movement.cpp; ops that only rename dims share one function.
llvm::LogicalResult evaluateRenamed(mlir::Operation *op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::TransposeOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::SliceOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::ConcatOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::PadOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::DilateOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::ExpandOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::TileOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::ShapeOfOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::RangeOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::IotaOp op, Operands operands, Results results);

// Quantized.cpp
llvm::LogicalResult evaluate(graph::DequantizeOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::QuantizeRowsOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::PackBlocksOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::BlockMatmulOp op, Operands operands, Results results);

// Resize.cpp
llvm::LogicalResult evaluate(graph::ResizeOp op, Operands operands, Results results);

// Gather.cpp
llvm::LogicalResult evaluate(graph::GatherOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::GatherElementsOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::GatherNdOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::ScatterElementsOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::ScatterNdOp op, Operands operands, Results results);
llvm::LogicalResult evaluate(graph::NonZeroOp op, Operands operands, Results results);

/// For a bound on what a kernel may make of a packed product, which sums in f32: that many units of roundoff, each of the result's largest
/// magnitude. Group after group, d * (s * q) and m * sum(q) are added to the sum. Rounded is every partial sum, so what counts is the largest
/// sum of the terms' magnitudes; where q is unsigned and m takes off its mean that is several times the largest magnitude of what is
/// left. s, d, m and the integers themselves are the reference's: rounding rows to them has been another op's business, and f16 to f32 is
/// exact.
double packedProductTerms(graph::BlockMatmulOp op, Operands operands, const Tensor &result);

} // namespace tensel::reference
#endif // TENSEL_COMPILER_REFERENCE_FAMILIES_H
