// The host program as code: entries in the LLVM dialect, run against kernel_abi.h with an arena laid out as the runtime does it, and kernels
// that are evaluated by the reference. So nothing but the host program and its plan is in doubt.
#ifndef TENSEL_COMPILER_VERIFICATION_HOSTCODE_H
#define TENSEL_COMPILER_VERIFICATION_HOSTCODE_H

#include "compiler/verification/Kernels.h"
#include "compiler/verification/MachineCode.h"

namespace tensel::verification {

class HostCode {
public:
  /// `module` has been through -tensel-lower-task; it may hold kernels in the LLVM dialect, which are not used.
  static llvm::Expected<HostCode> make(mlir::ModuleOp module, Kernels &kernels, WeightResolver &weights);

  /// Runs an entry; the results have the kinds and ranks of `like`.
  llvm::Expected<llvm::SmallVector<reference::Tensor>> run(llvm::StringRef function, llvm::ArrayRef<reference::Tensor> inputs,
                                                           llvm::ArrayRef<reference::Tensor> like);

private:
  /// What generated code calls in place of kernels: the number of the kernel, and its closure.
  struct Calls;
  struct Layout;
  static llvm::Expected<Layout> layOut(mlir::DictionaryAttr function, mlir::ArrayAttr symbols,
                                       llvm::ArrayRef<reference::Tensor> inputs);

  mlir::DictionaryAttr describe(llvm::StringRef function) const;

  std::shared_ptr<Calls> calls;
  std::unique_ptr<MachineCode> code;
  mlir::ArrayAttr functions, symbols;
  std::vector<llvm::ArrayRef<char>> weights;
};

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_HOSTCODE_H
