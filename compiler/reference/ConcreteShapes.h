// The algebra of dims in which everything is known: dims and elements come from the operands' tensors.
#ifndef TENSEL_COMPILER_REFERENCE_CONCRETESHAPES_H
#define TENSEL_COMPILER_REFERENCE_CONCRETESHAPES_H

#include "compiler/reference/Tensor.h"
#include "dialects/graph/Graph.h"

namespace tensel::reference {

class ConcreteShapes : public graph::ShapeContext {
public:
  ConcreteShapes(mlir::Operation *op, llvm::ArrayRef<Tensor> operands) : op(op), operands(operands) {}

  /// The dims of all results. Emits an error where no shape fits.
  llvm::FailureOr<llvm::SmallVector<llvm::SmallVector<int64_t>>> infer();

  graph::Dim dataDependent(mlir::Value operand, llvm::StringRef tag) override;
  graph::Dim scaled(graph::Dim dim, mlir::Value scales, int64_t index) override;

protected:
  graph::Dim unknownDim(mlir::Value tensor, int64_t index) override;
  graph::Dim unknownElement(mlir::Value tensor, int64_t index) override;

private:
  const Tensor *find(mlir::Value value) const;

  mlir::Operation *op;
  llvm::ArrayRef<Tensor> operands;
};

} // namespace tensel::reference
#endif // TENSEL_COMPILER_REFERENCE_CONCRETESHAPES_H
