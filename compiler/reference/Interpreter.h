// The reference interpreter: evaluates functions of the graph dialect on host tensors, op by op, from each op's
// definition. It is what compiled code is held against, so it shares no lowering with it.
#ifndef TENSEL_COMPILER_REFERENCE_INTERPRETER_H
#define TENSEL_COMPILER_REFERENCE_INTERPRETER_H

#include "compiler/reference/ScalarProgram.h"
#include "compiler/reference/Tensor.h"
#include "compiler/weights/WeightResolver.h"
#include "dialects/graph/Graph.h"
#include <functional>

namespace tensel::reference {

struct Options {
  /// Holds and computes all float types in f64; results are f64 too.
  bool f64 = false;
  /// Is shown every op that was run, those in regions and in the definitions of composite ops too, in order, with its operands (none for
  /// an op with regions) and its results. Its failure ends the run, without an error.
  using Watch = llvm::LogicalResult(mlir::Operation *, llvm::ArrayRef<Tensor> operands, llvm::ArrayRef<Tensor> results);
  std::function<Watch> watch = nullptr;
  /// Gives the results of an op without regions, by `evaluate` or because it knows them.
  using Around =
      llvm::FailureOr<llvm::SmallVector<Tensor>>(mlir::Operation *, llvm::ArrayRef<Tensor> operands,
                                                 llvm::function_ref<llvm::FailureOr<llvm::SmallVector<Tensor>>()> evaluate);
  std::function<Around> around = nullptr;
};

class Interpreter {
public:
  explicit Interpreter(WeightResolver &weights, Options options = {}) : weights(weights), options(std::move(options)) {}

  /// Runs a function on inputs of its argument types. Emits one error at the op that fails. The module must not change
  /// between calls of one interpreter.
  llvm::FailureOr<llvm::SmallVector<Tensor>> run(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> inputs);

  /// Evaluates one op without regions; `operands` must fit its operand types.
  llvm::FailureOr<llvm::SmallVector<Tensor>> evaluate(mlir::Operation *op, llvm::ArrayRef<Tensor> operands);

  using Values = llvm::DenseMap<mlir::Value, Tensor>;
  /// Evaluates one op of any kind; `values` holds its operands and what its regions use from outside.
  llvm::FailureOr<llvm::SmallVector<Tensor>> evaluate(mlir::Operation *op, Values &values) { return runOp(op, values); }

private:
  /// The values that no op after this one uses, per op of a block.
  using LastUses = llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value>>;

  llvm::LogicalResult bind(mlir::Location loc, llvm::StringRef what, mlir::Value value, Tensor tensor, Values &values);
  /// Runs the block's ops; gives the operands of its terminator. The block's own values do not outlive it.
  llvm::FailureOr<llvm::SmallVector<Tensor>> runBlock(mlir::Block &block, llvm::ArrayRef<Tensor> arguments, Values &values);
  llvm::FailureOr<llvm::SmallVector<Tensor>> runOp(mlir::Operation *op, Values &values);
  llvm::FailureOr<llvm::SmallVector<Tensor>> runUnwatched(mlir::Operation *op, Values &values,
                                                          llvm::SmallVector<Tensor> &operands);
  llvm::FailureOr<llvm::SmallVector<Tensor>> runIf(graph::IfOp op, Values &values);
  llvm::FailureOr<llvm::SmallVector<Tensor>> runLoop(graph::LoopOp op, Values &values);
  llvm::SmallVector<Tensor> wouldYield(graph::LoopOp op, llvm::ArrayRef<Tensor> carried, Values &values);
  llvm::FailureOr<llvm::SmallVector<Tensor>> runCall(mlir::func::CallOp op, Values &values);
  llvm::FailureOr<Tensor> constant(mlir::ElementsAttr value, mlir::Location loc);
  llvm::FailureOr<Tensor> loadWeight(graph::LoadWeightOp op);
  llvm::LogicalResult runElementwise(graph::ElementwiseOpInterface op, llvm::ArrayRef<Tensor> operands, Tensor &result);
  llvm::FailureOr<llvm::SmallVector<Tensor>> runComposite(graph::CompositeOpInterface op, llvm::ArrayRef<Tensor> operands);
  /// Zeros of the op's result dims and element types.
  llvm::FailureOr<llvm::SmallVector<Tensor>> makeResults(graph::ShapedOpInterface op, llvm::ArrayRef<Tensor> operands);
  std::optional<Kind> heldKind(mlir::Type elementType) const;
  const LastUses &lastUsesOf(mlir::Block &block);

  WeightResolver &weights;
  Options options;
  unsigned callDepth = 0;
  llvm::DenseMap<mlir::Operation *, ScalarProgram> programs;
  llvm::DenseMap<mlir::Operation *, mlir::OwningOpRef<mlir::ModuleOp>> definitions;
  llvm::DenseMap<mlir::Block *, std::unique_ptr<LastUses>> lastUses;
};

} // namespace tensel::reference
#endif // TENSEL_COMPILER_REFERENCE_INTERPRETER_H
