// Code in this process from a module of the LLVM dialect, hardly optimised, and calls of it that survive what wrong code does.
#ifndef TENSEL_COMPILER_VERIFICATION_MACHINECODE_H
#define TENSEL_COMPILER_VERIFICATION_MACHINECODE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm::orc {
class LLJIT;
}

namespace tensel::verification {

class MachineCode {
public:
  /// Makes code at O0. The module may call what a package may import, and `malloc` and its like; `prepare` may change it.
  static llvm::Expected<std::unique_ptr<MachineCode>> make(mlir::ModuleOp module,
                                                           llvm::function_ref<void(llvm::Module &)> prepare = nullptr);
  ~MachineCode();

  llvm::Expected<void *> find(llvm::StringRef name);

private:
  MachineCode();
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

/// Calls generated code. What it gets by malloc is freed when it is done. Fails when it runs into memory that is not its own.
llvm::Error runGuarded(llvm::function_ref<void()> call);

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_MACHINECODE_H
