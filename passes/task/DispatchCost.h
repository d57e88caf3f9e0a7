// What a dispatch costs, as size expressions over the symbols.
#ifndef TENSEL_PASSES_TASK_DISPATCHCOST_H
#define TENSEL_PASSES_TASK_DISPATCHCOST_H

#include "passes/graph/SymbolicShapes.h"

namespace tensel {

/// Operations of one execution of an op: what its CostOpInterface says, else one an element for elementwise ops and none for others.
graph::Dim operationsOf(mlir::Operation *op, graph::ShapeContext &shapes);

/// `task.cost` of a dispatch: [operations, bytes read, bytes written], each a size expression that is right for the symbols' values in a
/// run and an upper bound where the data decides; empty where there is none. What several ops of a kernel read counts once.
mlir::ArrayAttr costOf(llvm::ArrayRef<mlir::Operation *> ops, llvm::ArrayRef<mlir::Value> inputs,
                       llvm::ArrayRef<mlir::Value> results, SymbolicShapes &shapes);

} // namespace tensel
#endif // TENSEL_PASSES_TASK_DISPATCHCOST_H
