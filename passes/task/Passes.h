// Passes that turn a graph into a host program over kernels; what each does is in Passes.td.
#ifndef TENSEL_PASSES_TASK_PASSES_H
#define TENSEL_PASSES_TASK_PASSES_H

#include "dialects/graph/Graph.h"
#include "dialects/task/Task.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "passes/NumericClass.h"

namespace tensel {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/task/Passes.h.inc"
} // namespace tensel

#endif // TENSEL_PASSES_TASK_PASSES_H
