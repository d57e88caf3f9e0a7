// Traces; see Trace.h.
#include "compiler/verification/Trace.h"

#include "compiler/Diagnostics.h"
#include "compiler/verification/Blame.h"
#include "compiler/verification/Case.h"
#include "compiler/verification/Samples.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
/// Constants and weights are what they are in any run; what is returned is told as an output.
bool isTold(Value value) {
  Operation *op = value.getDefiningOp();
  return op && op->getNumOperands() > 0 && isa<RankedTensorType>(value.getType()) && leavesItsNode(value) &&
         !llvm::is_contained(op->getBlock()->getTerminator()->getOperands(), value) && !describeLocation(op->getLoc()).empty();
}

std::string outputName(func::FuncOp function, unsigned result) { return "output '" + nameOfResult(function, result) + "'"; }
} // namespace

llvm::Expected<Trace> traceReference(func::FuncOp function, ArrayRef<Tensor> inputs, bool f64) {
  WeightResolver weights;
  Trace trace;
  reference::Options how;
  how.f64 = f64;
  how.watch = [&](Operation *op, ArrayRef<Tensor>, ArrayRef<Tensor> results) {
    if (op->getBlock() == &function.getBody().front())
      for (auto [value, tensor] : llvm::zip_equal(op->getResults(), results))
        if (isTold(value))
          trace.push_back({describeLocation(op->getLoc()), tensor});
    return success();
  };
  DiagnosticCollector diagnostics(function.getContext());
  auto results = reference::Interpreter(weights, how).run(function, inputs);
  if (failed(results))
    return diagnostics.takeError("the reference interpreter failed");
  for (auto [k, tensor] : llvm::enumerate(*results))
    trace.push_back({outputName(function, k), tensor});
  for (NodeValue &value : trace) // the resolver goes
    value.tensor = owned(value.tensor);
  return trace;
}

std::vector<std::string> returnNodeValues(func::FuncOp function) {
  std::vector<std::string> nodes;
  for (unsigned k = 0; k < function.getNumResults(); ++k)
    nodes.push_back(outputName(function, k));
  Operation *terminator = function.front().getTerminator();
  SmallVector<Value> returned(terminator->getOperands());
  for (Operation &op : function.front())
    for (Value value : op.getResults())
      if (isTold(value)) {
        nodes.push_back(describeLocation(op.getLoc()));
        returned.push_back(value);
        (void)function.insertResult(function.getNumResults(), value.getType(), {});
        function.setResultAttr(function.getNumResults() - 1, "graph.name",
                               StringAttr::get(function.getContext(), "tensel.node." + std::to_string(nodes.size())));
      }
  terminator->setOperands(returned);
  return nodes;
}
} // namespace tensel::verification
