// See the header. Shape inference is watched while it asks for elements; of constants it would not ask, so none are shown to it.
#include "passes/graph/ShapeOperands.h"

#include "dialects/graph/Graph.h"
#include "mlir/IR/Matchers.h"
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

bool resizeShapes(Operation *op, int64_t dim, int64_t from, int64_t to) {
  bool areConstant = true;
  for (unsigned index : shapeOperands(op)) {
    DenseIntElementsAttr numbers;
    if (!matchPattern(op->getOperand(index), m_Constant(&numbers))) {
      areConstant = false;
      continue;
    }
    if (!numbers.getElementType().isInteger(64) || numbers.getType().getRank() != 1 ||
        numbers.getNumElements() != cast<RankedTensorType>(op->getResult(0).getType()).getRank())
      continue;
    auto values = llvm::to_vector(numbers.getValues<int64_t>());
    if (values[dim] != from)
      continue;
    values[dim] = to;
    OpBuilder b(op);
    op->setOperand(index, graph::makeShape(b, op->getLoc(), values));
  }
  return areConstant;
}

bool hasInferredType(Operation *op) {
  auto inferring = dyn_cast<InferTypeOpInterface>(op);
  if (!inferring)
    return true;
  SmallVector<Type> inferred;
  ScopedDiagnosticHandler quiet(op->getContext(), [](Diagnostic &) { return success(); });
  return succeeded(inferring.inferReturnTypes(op->getContext(), op->getLoc(), op->getOperands(),
                                              op->getDiscardableAttrDictionary(), op->getPropertiesStorage(), op->getRegions(),
                                              inferred)) &&
         graph::areCompatible(inferred[0], op->getResult(0).getType());
}

bool isReshape(Operation *op) { return isa<graph::ReshapeOp, graph::SqueezeOp, graph::UnsqueezeOp, graph::FlattenOp>(op); }
} // namespace tensel
