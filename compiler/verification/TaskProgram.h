// Runs entries of the task dialect op by op: kernels by the reference, index arithmetic by its own folding, memory as the plan has it,
// where there is one. This is how the passes that make and change the host program are held to what the graph gave.
#ifndef TENSEL_COMPILER_VERIFICATION_TASKPROGRAM_H
#define TENSEL_COMPILER_VERIFICATION_TASKPROGRAM_H

#include "compiler/verification/Blame.h"
#include "compiler/verification/Kernels.h"
#include "compiler/verification/PlanWatch.h"

namespace tensel::verification {

class TaskProgram {
public:
  TaskProgram(mlir::func::FuncOp entry, Kernels &kernels, WeightResolver &weights,
              const Representatives *representatives = nullptr)
      : entry(entry), kernels(kernels), interpreter(weights), representatives(representatives) {}

  /// Fails with what went wrong, which blame() attributes to an op.
  llvm::Expected<llvm::SmallVector<reference::Tensor>> run(llvm::ArrayRef<reference::Tensor> inputs);
  const Blame &blame() const { return guilty; }

private:
  using Tensor = reference::Tensor;
  llvm::LogicalResult runBlock(mlir::Block &block);
  llvm::LogicalResult runOp(mlir::Operation *op);
  llvm::LogicalResult runDispatch(task::DispatchOp op);
  /// The results of the dispatch that counts as giving the same, or of its kernel.
  llvm::Expected<llvm::SmallVector<Tensor>> resultsOf(task::DispatchOp op, Kernel &kernel, llvm::ArrayRef<Tensor> inputs);
  llvm::LogicalResult runIf(graph::IfOp op);
  llvm::LogicalResult runLoop(graph::LoopOp op);
  llvm::LogicalResult runScalar(mlir::Operation *op);
  llvm::LogicalResult fail(mlir::Operation *op, const llvm::Twine &message);
  /// Dims of `type`, the dynamic ones from scalars.
  DimList dimsOf(mlir::Type type, mlir::ValueRange &dynamic);
  int64_t number(mlir::Value value);
  llvm::SmallVector<Tensor> valuesOf(mlir::ValueRange values);

  mlir::func::FuncOp entry;
  Kernels &kernels;
  reference::Interpreter interpreter;
  const Representatives *representatives; ///< of dispatches; the memory plan is watched at all of them
  std::optional<PlanWatch> plan;
  llvm::DenseMap<mlir::Value, Tensor> tensors;
  llvm::DenseMap<mlir::Value, mlir::Attribute> scalars;
  std::string error;
  Blame guilty;
};

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_TASKPROGRAM_H
