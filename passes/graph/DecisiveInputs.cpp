// Follows dims without an upper bound back to the elements, and these back to the function's arguments.
#include "passes/graph/DecisiveInputs.h"

#include "mlir/IR/Diagnostics.h"
#include "passes/graph/SymbolicShapes.h"

using namespace mlir;

namespace tensel {
namespace {

class Tracer {
public:
  Tracer(func::FuncOp func, SymbolicShapes &shapes) : func(func), shapes(shapes) {}

  void traceDims(Value value) {
    SmallVector<int64_t> size;
    int64_t which = 0;
    if (succeeded(shapes.boundBytes(value, size, which)))
      return;
    if (AffineExpr expr = shapes.toExpr(shapes.dimsOf(value)[which]))
      traceExpr(expr);
  }

  llvm::SetVector<BlockArgument> arguments;

private:
  void traceExpr(AffineExpr expr) {
    expr.walk([&](AffineExpr part) {
      auto symbol = dyn_cast<AffineSymbolExpr>(part);
      if (!symbol || symbol.getPosition() < shapes.numDeclared() || !seenSymbols.insert(symbol.getPosition()).second)
        return;
      const Unknown entry = shapes.unknown(symbol.getPosition());
      for (AffineExpr operand : entry.operands)
        traceExpr(operand);
      if (entry.kind == Unknown::Element || entry.kind == Unknown::Count)
        traceValue(entry.tensor);
      else if (entry.kind == Unknown::TensorDim && entry.tensor.getDefiningOp())
        traceParameters(entry.tensor.getDefiningOp());
    });
  }

  /// Shape-like operands are scalars or vectors; what they shape mostly is not.
  void traceParameters(Operation *op) {
    for (Value operand : op->getOperands())
      if (auto type = dyn_cast<RankedTensorType>(operand.getType()); type && type.getRank() <= 1)
        traceValue(operand);
  }

  void traceValue(Value value) {
    if (!seen.insert(value).second)
      return;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (argument.getOwner() == &func.front())
        arguments.insert(argument);
      else
        llvm::for_each(argument.getOwner()->getParentOp()->getOperands(), [&](Value operand) { traceValue(operand); });
      return;
    }
    value.getDefiningOp()->walk(
        [&](Operation *inner) { llvm::for_each(inner->getOperands(), [&](Value operand) { traceValue(operand); }); });
  }

  func::FuncOp func;
  SymbolicShapes &shapes;
  llvm::DenseSet<unsigned> seenSymbols;
  llvm::DenseSet<Value> seen;
};

} // namespace

llvm::SetVector<BlockArgument> findDecisiveInputs(func::FuncOp func) {
  // What is wrong with the function is reported by the pass that needs its shapes.
  ScopedDiagnosticHandler quiet(func.getContext(), [](Diagnostic &) { return success(); });
  SymbolicShapes shapes(func->getParentOfType<ModuleOp>());
  if (failed(shapes.analyze(func)))
    return {};
  Tracer tracer(func, shapes);
  func.walk([&](Operation *op) {
    for (Value result : op->getResults())
      if (isa<RankedTensorType>(result.getType()))
        tracer.traceDims(result);
  });
  return tracer.arguments;
}

void fixInput(BlockArgument argument, DenseElementsAttr value) {
  OpBuilder b = OpBuilder::atBlockBegin(argument.getOwner());
  argument.replaceAllUsesWith(graph::ConstantOp::create(b, argument.getLoc(), value));
}

} // namespace tensel
