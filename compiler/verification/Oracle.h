// Questions to ask of a case: does a pass break its promise on it, does a pass move its results by more than a tolerance.
#ifndef TENSEL_COMPILER_VERIFICATION_ORACLE_H
#define TENSEL_COMPILER_VERIFICATION_ORACLE_H

#include "compiler/verification/Case.h"
#include "compiler/verification/Verifier.h"

namespace tensel::verification {

/// Called with every pass manager that a question is answered by, after all else was added: tests plant mistakes by it.
using Prepare = std::function<void(mlir::PassManager &)>;

/// A case and passes, as text ("builtin.module(a,b{c=1})"), of which one breaks its promise on it.
struct Failure {
  Case failing;
  std::string passes;
  std::string message; ///< of the broken promise
};

/// A broken promise's module as a case, where the reference can evaluate it; a kernel becomes a function like any other.
std::optional<Case> caseOf(const BrokenPromise &broken, mlir::MLIRContext *context);

/// The case's inputs by name, as a verifier takes them.
GivenInputs givenBy(const Case &one);

/// Runs the passes on a copy under a verifier; the promise that was broken first.
std::optional<BrokenPromise> findBroken(mlir::ModuleOp module, llvm::StringRef passes, VerifyOptions options,
                                        const Prepare &prepare = nullptr);
/// The same with the case's inputs.
std::optional<BrokenPromise> findBroken(const Case &one, llvm::StringRef passes, double seconds,
                                        const Prepare &prepare = nullptr);

/// Of a module on which one of the passes breaks its promise: what is before the guilty pass, with it alone, where that shows the same; or
/// the kernel at fault, or the whole, with all passes. That is reduced, and passes that are not needed are dropped. What crashes is
/// no answer; nothing when nothing shows the same. The context must not have threads.
std::optional<Failure> reducePromise(mlir::ModuleOp module, const BrokenPromise &broken, llvm::StringRef passes,
                                     const Prepare &prepare = nullptr);

/// The same of a module that is compiled: `ask` says which promise is broken on a case. No passes are named.
using Question = std::function<std::optional<BrokenPromise>(const Case &)>;
std::optional<Failure> reducePromise(mlir::ModuleOp module, const BrokenPromise &broken, const Question &ask);

/// What a reproducer is written from.
BrokenPromise promiseOf(const Failure &failure);

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_ORACLE_H
