// See the header. Shape inference is watched while it asks for elements; of constants it would not ask, so none are shown to it.
#include "passes/graph/ShapeOperands.h"

#include "dialects/graph/Graph.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tensel {
namespace {
struct Listener : graph::ShapeContext {
  graph::Dim unknownElement(Value tensor, int64_t) override {
    asked.insert(tensor);
    return {};
  }
  llvm::SetVector<Value> asked;
};
} // namespace

SmallVector<unsigned> shapeOperands(Operation *op) {
  SmallVector<unsigned> found;
  if (op->getNumRegions() != 0 || !isa<graph::ShapedOpInterface>(op))
    return found;
  // Block arguments of the operands' types in their place.
  Block unknown;
  Operation *copy = op->cloneWithoutRegions();
  for (OpOperand &operand : copy->getOpOperands())
    operand.set(unknown.addArgument(operand.get().getType(), op->getLoc()));
  Listener listener;
  SmallVector<graph::DimList> results;
  ScopedDiagnosticHandler quiet(op->getContext(), [](Diagnostic &) { return success(); });
  (void)cast<graph::ShapedOpInterface>(copy).inferShapes(listener, results);
  for (OpOperand &operand : copy->getOpOperands())
    if (listener.asked.contains(operand.get()))
      found.push_back(operand.getOperandNumber());
  copy->erase();
  return found;
}
} // namespace tensel
