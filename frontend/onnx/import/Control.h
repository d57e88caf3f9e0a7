// Building graph.loop, shared by Loop, Scan and the recurrent ops.
#ifndef TENSEL_FRONTEND_ONNX_IMPORT_CONTROL_H
#define TENSEL_FRONTEND_ONNX_IMPORT_CONTROL_H

#include "frontend/onnx/import/Node.h"

namespace tensel::onnx {

/// What one iteration gives: the next condition, carried values, scan outputs.
using LoopBody = llvm::function_ref<llvm::LogicalResult(mlir::Value iteration, llvm::ArrayRef<mlir::Value> carried,
                                                        llvm::SmallVectorImpl<mlir::Value> &yielded)>;

/// A graph.loop over `trips` (0-D i64) while the condition holds. The body may
/// be built more than once: until the types of carried values hold for every
/// iteration. `steps` is the number of iterations when it is known, else dynamic.
llvm::SmallVector<mlir::Value> buildLoop(Node &n, mlir::Value trips, mlir::Value condition, llvm::ArrayRef<mlir::Value> inits,
                                         int64_t steps, LoopBody body);

} // namespace tensel::onnx

#endif // TENSEL_FRONTEND_ONNX_IMPORT_CONTROL_H
