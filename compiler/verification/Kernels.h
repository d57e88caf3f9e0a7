// The kernels of a program as the reference knows them: graph ops. Remembers what calls of them gave, so that every later form of a kernel
// can be held against it.
#ifndef TENSEL_COMPILER_VERIFICATION_KERNELS_H
#define TENSEL_COMPILER_VERIFICATION_KERNELS_H

#include "compiler/verification/Evaluator.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

namespace tensel::verification {

using DimList = llvm::SmallVector<int64_t>;

/// A call that the program made.
struct KernelCall {
  llvm::SmallVector<reference::Tensor> inputs, results;
  std::optional<llvm::SmallVector<reference::Tensor>> exact; ///< the results in f64, once somebody asked
  Terms terms;
  std::optional<llvm::SmallVector<reference::Tensor>> last; ///< what the kernel's form before gave
};

struct Kernel {
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< holds nothing but the function
  mlir::func::FuncOp function;              ///< inputs, then a destination per result
  std::string nodes;                        ///< "'conv (Conv)', 'relu (Relu)'"
  llvm::SmallVector<int64_t> inPlace;       ///< the inputs that lie in the destination
  uint64_t body = 0;                        ///< equal for equal bodies
  llvm::SmallVector<KernelCall, 2> calls;   ///< with different dims
  /// What has changed it since it is no graph op any more: names of passes, and as text pipelines.
  std::vector<std::pair<std::string, std::string>> passes;
};

class Kernels {
public:
  explicit Kernels(Evaluator &reference) : reference(reference) {}

  /// Takes the module's kernels that are graph ops only. Says whether that changed something.
  bool learn(mlir::ModuleOp module);
  Kernel *find(llvm::StringRef name);
  /// Fails where the kernel cannot be evaluated on these inputs, or gives other dims.
  llvm::Expected<llvm::SmallVector<reference::Tensor>> call(Kernel &kernel, llvm::ArrayRef<reference::Tensor> inputs,
                                                            llvm::ArrayRef<DimList> resultDims);
  /// Fills `exact`; false where that fails or takes too long.
  bool makeExact(const Kernel &kernel, KernelCall &call);
  /// Whether no element of the result depends on another element of these inputs, which may then lie in the same memory. Else what does.
  std::string whyNotInPlace(const Kernel &kernel, llvm::ArrayRef<reference::Tensor> inputs,
                            llvm::ArrayRef<reference::Tensor> results);
  llvm::StringMap<Kernel> &all() { return kernels; }
  const llvm::StringMap<Kernel> &all() const { return kernels; }

private:
  Evaluation evaluate(const Kernel &kernel, llvm::ArrayRef<reference::Tensor> inputs, llvm::ArrayRef<DimList> resultDims,
                      bool f64);

  Evaluator &reference;
  llvm::StringMap<Kernel> kernels;
};

/// Whether everything in it is of the graph and func dialects.
bool isAllGraph(mlir::Operation *op);
/// Whether it is a kernel in some form, or a part of one.
bool isKernelPart(mlir::Operation *op);

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_KERNELS_H
