// The sizes of what a session makes beside its arena, shared by the session and by the statement of what it takes
// (SessionMemory.h).
#ifndef TENSEL_RUNTIME_PACKAGE_SESSIONTABLES_H
#define TENSEL_RUNTIME_PACKAGE_SESSIONTABLES_H

#include "runtime/package/MemoryPlanner.h"

namespace tensel::rt {

/// The session itself, at most.
inline constexpr int64_t sessionObjectBytes = 1536;
/// What kernels and the runtime touch of a worker's stack, at most: temporaries of a kernel are bounded by 256 KiB (passes/kernel).
inline constexpr int64_t workerStackBytes = 512 << 10;

struct SessionCounts {
  int64_t symbols, tensors, inputs, plannedValues, threads;
};

/// Bytes asked of malloc while a session is made; the tables that only planning needs are among them.
constexpr int64_t sessionTableBytes(const SessionCounts &counts) {
  constexpr int64_t word = 8, tensor = 16, maxRank = 16;
  constexpr int64_t forValue = 2 * word, forPlanning = sizeof(PlannerValue) + MemoryPlanner::scratchWords * word;
  // An empty table still is an allocation of one element.
  auto atLeastOne = [](int64_t count) { return count > 0 ? count : 1; };
  return sessionObjectBytes + 2 * word * atLeastOne(counts.symbols) + tensor * atLeastOne(counts.tensors) +
         word * maxRank * atLeastOne(counts.tensors) + atLeastOne(counts.inputs) +
         (forValue + forPlanning) * atLeastOne(counts.plannedValues) + (counts.threads > 1 ? word * (counts.threads - 1) : 0);
}

} // namespace tensel::rt
#endif
