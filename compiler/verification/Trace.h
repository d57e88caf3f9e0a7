// What each source node of a model gives in one run: what `tensel compare` holds side by side.
#ifndef TENSEL_COMPILER_VERIFICATION_TRACE_H
#define TENSEL_COMPILER_VERIFICATION_TRACE_H

#include "compiler/reference/Interpreter.h"
#include "llvm/Support/Error.h"

namespace tensel::verification {

/// A value that leaves its node, in program order; several of one node have one name. What is returned counts as an output only.
struct NodeValue {
  std::string node; ///< "node 'name (Op)'", "output 'name'"
  reference::Tensor tensor;
};
using Trace = std::vector<NodeValue>;

/// Runs the function by the reference interpreter. Nodes in branches and loops are not told one by one; outputs come last.
llvm::Expected<Trace> traceReference(mlir::func::FuncOp function, llvm::ArrayRef<reference::Tensor> inputs, bool f64);

/// Makes every such value a result of the function, too, and says the nodes of all results: of the compiled function they are the trace.
std::vector<std::string> returnNodeValues(mlir::func::FuncOp function);

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_TRACE_H
