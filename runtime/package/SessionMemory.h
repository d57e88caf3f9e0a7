// What a session takes: the statement that `tensel inspect` prints, the compiler holds against --max-memory, and the tests against
// what is measured. Session.cpp makes exactly these things.
#ifndef TENSEL_RUNTIME_PACKAGE_SESSIONMEMORY_H
#define TENSEL_RUNTIME_PACKAGE_SESSIONMEMORY_H

#include "runtime/package/MemoryPlanner.h"
#include "runtime/package/PackageData.h"
#include <optional>
#include <string>
#include <vector>

namespace tensel::rt {

/// Bytes of the parts. Weights and code are mapped from the package and shared; inputs are the caller's.
struct SessionMemory {
  int64_t arena = 0;  ///< intermediate values and outputs, as laid out
  int64_t states = 0; ///< what lives from run to run: the caller's memory, but needed
  int64_t tables = 0; ///< the session and its tables, at most (while it is made)
  int64_t stacks = 0; ///< of the threads that the session makes, which get no larger ones
  int64_t total() const { return arena + states + tables + stacks; }
};

/// A function's planned values at given sizes.
struct FunctionPlan {
  std::vector<PlannerValue> values;
  LivePeak live = {0, -1};     ///< no layout can be smaller
  std::vector<uint32_t> order; ///< in which they were placed
  int64_t arenaBytes = 0;

  /// Indices of the values alive at the live peak, largest first.
  std::vector<uint32_t> aliveAtPeak() const;
};

/// The largest values of the symbols; -1 where one is not bounded.
std::vector<int64_t> declaredMaxima(const PackageData &package);

/// Lays the values out for these symbol values, as a session with them as limits does where `effort` is the session's. Empty when a
/// size has no value, which is so where it reads an unbounded symbol (-1).
std::optional<FunctionPlan> planFunction(const FunctionData &function, const std::vector<int64_t> &symbols, PlannerEffort effort);

/// What a session with these limits and so many threads takes; empty as above. Without profile.
std::optional<SessionMemory> stateMemory(const PackageData &package, const FunctionData &function,
                                         const std::vector<int64_t> &symbols, int threads);

} // namespace tensel::rt
#endif
