// Work in a process of its own, so that a crash of a pass or of compiled code is an answer and not the end.
#ifndef TENSEL_COMPILER_VERIFICATION_ISOLATED_H
#define TENSEL_COMPILER_VERIFICATION_ISOLATED_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <string>
#include <type_traits>

namespace tensel::verification {

/// How the process ended.
struct Outcome {
  enum Kind { Ended, Crashed, Hung } kind = Ended;
  std::string what; ///< "Segmentation fault", "no result after 60 s"; "" where it ended by itself
};

Outcome runIsolated(llvm::function_ref<void(void *)> work, void *result, size_t bytes, unsigned seconds);

/// Forks and lets `work` fill `result`, which comes back as far as it was written. The process must have no other threads: contexts that it
/// uses have theirs disabled.
template <typename Result>
Outcome runIsolated(llvm::function_ref<void(Result &)> work, Result &result, unsigned seconds) {
  static_assert(std::is_trivially_copyable_v<Result>);
  return runIsolated([&](void *memory) { work(*static_cast<Result *>(memory)); }, &result, sizeof(Result), seconds);
}

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_ISOLATED_H
