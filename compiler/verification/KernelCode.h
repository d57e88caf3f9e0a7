// A kernel as code, in whatever form it is on its way: functions of tensors or memrefs, or of a closure and a range (kernel_abi.h).
#ifndef TENSEL_COMPILER_VERIFICATION_KERNELCODE_H
#define TENSEL_COMPILER_VERIFICATION_KERNELCODE_H

#include "compiler/verification/Kernels.h"
#include "compiler/verification/MachineCode.h"

namespace tensel::verification {

/// Runs [0, count) in a few pieces, the last one first, by what the compiled kernel gives out: `run(closure, begin, end)` and
/// `count(closure)`. Inputs and destinations are as in the call; fails at what it does to memory beside the destinations.
llvm::Expected<llvm::SmallVector<reference::Tensor>> runClosure(void *run, void *count, const Kernel &kernel,
                                                                const KernelCall &call);

class KernelCode {
public:
  /// From a module with nothing but the kernel `name`, its parts and what it reads.
  static llvm::Expected<KernelCode> make(mlir::OwningOpRef<mlir::ModuleOp> module, llvm::StringRef name);

  llvm::Expected<llvm::SmallVector<reference::Tensor>> run(const Kernel &kernel, const KernelCall &call);

private:
  std::unique_ptr<MachineCode> code;
  void *entry = nullptr, *count = nullptr; ///< without `count`, the entry takes an array of pointers to memref descriptors
};

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_KERNELCODE_H
