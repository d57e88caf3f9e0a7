// Runs a program in the process that compiled it: ORC loads the object files that an ahead-of-time compilation would link, and the
// runtime gets the same description that a linked-in model has.
#ifndef TENSEL_COMPILER_JIT_H
#define TENSEL_COMPILER_JIT_H

#include "compiler/Program.h"
#include "runtime/include/tensel/kernel_abi.h"

namespace tensel {

class JitModel {
public:
  /// Loads the program's code of one level.
  static llvm::Expected<std::unique_ptr<JitModel>> create(Program &program, const LevelCode &code);
  /// The first level.
  static llvm::Expected<std::unique_ptr<JitModel>> create(Program &program) { return create(program, program.code.front()); }
  ~JitModel();

  /// What tensel_model_load_static takes; lives as long as this object.
  const struct tensel_static_model *description() const;

  /// The code of a function of the program: a kernel, or `NAME_count` (kernel_abi.h).
  llvm::Expected<void *> find(llvm::StringRef function) const;

private:
  JitModel();
  struct State;
  std::unique_ptr<State> state;
};

} // namespace tensel
#endif // TENSEL_COMPILER_JIT_H
