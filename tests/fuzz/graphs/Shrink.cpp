// Makes a graph that fails smaller: one result, values of the reference as inputs in place of ops, no dead ops.
#include "tests/fuzz/graphs/Shrink.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::fuzz;

namespace {
/// The op with this position in the function's body.
Operation *opAt(const Graph &graph, size_t index) { return &*std::next(graph.function().getBody().front().begin(), index); }

size_t countOps(const Graph &graph) { return graph.function().getBody().front().getOperations().size(); }

/// Erases ops and inputs that no result needs.
void clean(Graph &graph) {
  func::FuncOp function = graph.function();
  Block &body = function.getBody().front();
  SmallVector<Operation *> ops = llvm::map_to_vector(body.without_terminator(), [](Operation &op) { return &op; });
  for (Operation *op : llvm::reverse(ops))
    if (op->use_empty())
      op->erase();
  llvm::BitVector unused(function.getNumArguments());
  SmallVector<reference::Tensor> inputs;
  for (BlockArgument argument : function.getArguments()) {
    if (argument.use_empty())
      unused.set(argument.getArgNumber());
    else
      inputs.push_back(graph.inputs[argument.getArgNumber()]);
  }
  (void)function.eraseArguments(unused);
  graph.inputs = inputs;
  for (graph::WeightOp weight : llvm::make_early_inc_range(graph.module->getOps<graph::WeightOp>()))
    if (SymbolTable::symbolKnownUseEmpty(weight, graph.module->getOperation()))
      weight.erase();
  nameInterface(function);
}

void returnOnly(Graph &graph, ArrayRef<Value> values) {
  func::FuncOp function = graph.function();
  function.getBody().front().getTerminator()->setOperands(values);
  while (function.getNumResults() > 0)
    (void)function.eraseResult(0);
  function.setType(FunctionType::get(function.getContext(), function.getArgumentTypes(), ValueRange(values).getTypes()));
  clean(graph);
}

/// Replaces the op's results by inputs that hold what the reference gives.
bool cut(Graph &graph, size_t index) {
  Operation *op = opAt(graph, index);
  WeightResolver weights;
  Evaluator evaluator(weights);
  func::FuncOp function = graph.function();
  if (failed(evaluator.runBlock(function.getBody().front(), graph.inputs)))
    return false;
  for (Value result : op->getResults()) {
    if (result.use_empty())
      continue;
    reference::Tensor tensor = evaluator.values.at(result);
    auto type = RankedTensorType::get(tensor.getDims(), cast<RankedTensorType>(result.getType()).getElementType());
    if (type != result.getType())
      return false; // the dims of what uses it would change with it
    unsigned at = function.getNumArguments();
    (void)function.insertArgument(at, type, {}, op->getLoc());
    graph.inputs.push_back(owned(tensor));
    result.replaceAllUsesWith(function.getArgument(at));
  }
  clean(graph);
  return true;
}
} // namespace

Graph tensel::fuzz::shrink(const Graph &failing, llvm::function_ref<bool(const Graph &)> fails) {
  Graph best = failing.clone();
  auto accept = [&](Graph candidate) {
    if (!fails(candidate))
      return false;
    best = std::move(candidate);
    return true;
  };
  // The first value that is wrong by itself.
  for (size_t i = 0; i + 1 < countOps(best); ++i) {
    bool found = false;
    for (unsigned r = 0; r < opAt(best, i)->getNumResults() && !found; ++r) {
      Graph candidate = best.clone();
      returnOnly(candidate, opAt(candidate, i)->getResult(r));
      found = accept(std::move(candidate));
    }
    if (found)
      break;
  }
  for (bool again = true; again;) {
    again = false;
    for (size_t i = countOps(best) - 1; i-- > 0;) {
      if (i + 1 >= countOps(best))
        continue;
      Graph candidate = best.clone();
      if (isa<graph::ConstantOp>(opAt(candidate, i)) || !cut(candidate, i))
        continue;
      if (countOps(candidate) < countOps(best))
        again |= accept(std::move(candidate));
    }
  }
  return best;
}
