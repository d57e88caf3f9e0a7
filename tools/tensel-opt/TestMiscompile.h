// Test only: the mistakes that -tensel-test-miscompile plants.
#ifndef TENSEL_TOOLS_TENSEL_OPT_TESTMISCOMPILE_H
#define TENSEL_TOOLS_TENSEL_OPT_TESTMISCOMPILE_H

#include "mlir/IR/Operation.h"

namespace tensel {

struct Mistake {
  llvm::StringRef kind;
  bool (*plant)(mlir::Operation *); ///< whether the op could have it
};

/// Those below the graph dialect.
llvm::ArrayRef<Mistake> loweredMistakes();

void registerTestMiscompilePass();

} // namespace tensel
#endif // TENSEL_TOOLS_TENSEL_OPT_TESTMISCOMPILE_H
