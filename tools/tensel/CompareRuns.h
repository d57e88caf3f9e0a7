// The two sides of `tensel compare`: what runs a model or package and tells every value of it.
#ifndef TENSEL_TOOLS_TENSEL_COMPARERUNS_H
#define TENSEL_TOOLS_TENSEL_COMPARERUNS_H

#include "compiler/verification/Trace.h"
#include "tools/tensel/Commands.h"

namespace tensel::cli {

/// One side: a model or package, and how it is run.
struct Side {
  std::string file, device, quantize; ///< device: cpu, reference, f64, onnxruntime
  std::string title() const;
};

/// A compiled model is made to return all values that leave a node; a package has outputs only.
llvm::Expected<verification::Trace> runSide(const Side &side, const CompareCommand &options);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_COMPARERUNS_H
