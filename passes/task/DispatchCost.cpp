// Costs of dispatches from the cost interface of their ops; see DispatchCost.h.
#include "passes/task/DispatchCost.h"

#include "dialects/task/Task.h"

using namespace mlir;

namespace tensel {
namespace {
using Expr = SmallVector<int64_t>;

/// Appends the sum of what is there and `more`.
void add(Expr &sum, ArrayRef<int64_t> more) {
  bool isFirst = sum.empty();
  sum.append(more.begin(), more.end());
  if (!isFirst)
    sum.append({task::SizeAdd, 0});
}

/// Whether the kernel reads of the value no more than it makes of it; then `part` is what it makes.
bool isReadInParts(Value input, ArrayRef<Operation *> ops, Value &part) {
  for (OpOperand &use : input.getUses()) {
    Operation *user = use.getOwner();
    if (!llvm::is_contained(ops, user))
      continue;
    if (part || !user->hasTrait<graph::ReadsPart>() || use.getOperandNumber() != 0)
      return false;
    part = user->getResult(0);
  }
  return static_cast<bool>(part);
}

std::optional<Expr> bytesOf(ArrayRef<Value> values, SymbolicShapes &shapes) {
  Expr sum;
  for (Value value : values) {
    Expr one;
    int64_t which = 0;
    if (failed(shapes.boundBytes(value, one, which)))
      return std::nullopt;
    add(sum, one);
  }
  if (sum.empty())
    sum = {task::SizeConst, 0};
  return sum;
}
} // namespace

graph::Dim operationsOf(Operation *op, graph::ShapeContext &shapes) {
  if (auto cost = dyn_cast<graph::CostOpInterface>(op))
    return cost.countOps(shapes);
  return isa<graph::ElementwiseOpInterface>(op) ? shapes.product(shapes.dims(op->getResult(0))) : graph::Dim(0);
}

ArrayAttr costOf(ArrayRef<Operation *> ops, ArrayRef<Value> inputs, ArrayRef<Value> results, SymbolicShapes &shapes) {
  std::optional<Expr> operations = Expr();
  for (Operation *op : ops) {
    AffineExpr count = shapes.toExpr(operationsOf(op, shapes));
    Expr one;
    if (!count || failed(shapes.boundExpr(count, one))) {
      operations.reset();
      break;
    }
    add(*operations, one);
  }
  SmallVector<Value> read;
  for (Value input : inputs) {
    Value part;
    read.push_back(isReadInParts(input, ops, part) ? part : input);
  }
  Builder b(ops.front()->getContext());
  SmallVector<Attribute> costs;
  for (const std::optional<Expr> &expr : {operations, bytesOf(read, shapes), bytesOf(results, shapes)})
    costs.push_back(b.getDenseI64ArrayAttr(expr.value_or(Expr())));
  return b.getArrayAttr(costs);
}

} // namespace tensel
