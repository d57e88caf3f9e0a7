// Turns MLIR's diagnostics into the one message that a user sees.
#ifndef TENSEL_COMPILER_DIAGNOSTICS_H
#define TENSEL_COMPILER_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"
#include <string>

namespace tensel {

/// The innermost name or line that a location knows: "node 'name (Op)'" or "file:line:column"; "" when it knows none.
std::string describeLocation(mlir::Location location);

/// While it lives, errors of the context are kept here instead of being printed; warnings and remarks are dropped.
class DiagnosticCollector {
public:
  explicit DiagnosticCollector(mlir::MLIRContext *context);

  /// The first error with its notes, a line each; "" when there was none. "node 'name (Op)': what" where the place is known.
  std::string message() const;
  /// The message as an error; `otherwise` when nothing was reported.
  llvm::Error takeError(llvm::StringRef otherwise) const;

private:
  std::string first;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace tensel
#endif // TENSEL_COMPILER_DIAGNOSTICS_H
