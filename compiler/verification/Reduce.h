// Delta debugging of programs: makes a case that fails smaller, for whatever question "does it fail" is. The fuzzer of graphs,
// tensel-reduce and `tensel bisect` ask three different ones.
#ifndef TENSEL_COMPILER_VERIFICATION_REDUCE_H
#define TENSEL_COMPILER_VERIFICATION_REDUCE_H

#include "compiler/verification/Case.h"

namespace tensel::verification {

struct ReduceOptions {
  unsigned mostTests = 2000;
  double seconds = 120; ///< looked at between tests
};

/// A case of the same program for which `fails` holds too, with fewer ops and smaller inputs; the case itself when none is found. What is
/// tried, in this order: sizes become static; one result; the shortest beginning of the program that fails; the longest beginning that
/// can be inputs instead; then runs of ops, ever shorter, as inputs, single ops as constants or left out; at last smaller dims. Values that
/// become inputs are the reference's.
Case reduce(const Case &failing, llvm::function_ref<bool(const Case &)> fails, const ReduceOptions &options = {});

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_REDUCE_H
