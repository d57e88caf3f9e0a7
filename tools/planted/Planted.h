// Test only: mistakes that real passes are made to make, so that the tests can see them found, blamed and reduced. tensel-opt and
// tensel-reduce take `-plant=PASS:MISTAKE` (hidden); nothing that users run links this.
#ifndef TENSEL_TOOLS_PLANTED_PLANTED_H
#define TENSEL_TOOLS_PLANTED_PLANTED_H

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Error.h"
#include <functional>

namespace tensel::planted {

/// One way to go wrong.
struct Mistake {
  llvm::StringLiteral name;
  /// Changes the op and says true, or leaves it alone. What is left is valid IR of the same result types.
  bool (*plant)(mlir::Operation *);
};
llvm::ArrayRef<Mistake> graphMistakes();
llvm::ArrayRef<Mistake> taskMistakes();
llvm::ArrayRef<Mistake> kernelMistakes();

/// From "PASS:MISTAKE" (several with commas): what makes every run of the pass in a manager make the mistake, at the first op that can
/// have it. To be called after a verifier was attached, which then sees the mistake as the pass's own.
llvm::Expected<std::function<void(mlir::PassManager &)>> parse(llvm::StringRef text);

} // namespace tensel::planted
#endif // TENSEL_TOOLS_PLANTED_PLANTED_H
