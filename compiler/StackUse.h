// How much of its stack machine code takes: frames as LLVM lays them out, along the calls inside of a module.
#ifndef TENSEL_COMPILER_STACKUSE_H
#define TENSEL_COMPILER_STACKUSE_H

#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace tensel {

/// Lives while code is made of a module: notes every function's frame.
class StackUse {
public:
  /// Asks for frames, by an attribute of functions that code does not depend on.
  explicit StackUse(llvm::Module &module);
  ~StackUse();
  StackUse(const StackUse &) = delete;
  StackUse &operator=(const StackUse &) = delete;

  /// The most bytes that a call of one of the functions takes; what they call outside of the module is not counted. Fails where nothing
  /// bounds it: recursion, or a frame that grows as it runs.
  llvm::Expected<int64_t> most() const;

private:
  llvm::Module &module;
  llvm::StringMap<int64_t> frames;
  std::unique_ptr<llvm::DiagnosticHandler> before;
};

} // namespace tensel
#endif // TENSEL_COMPILER_STACKUSE_H
