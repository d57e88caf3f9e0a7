// The sizes of what a session makes beside its arena, shared by the session and by the statement of what it takes
// (SessionMemory.h).
#ifndef TENSEL_RUNTIME_PACKAGE_SESSIONTABLES_H
#define TENSEL_RUNTIME_PACKAGE_SESSIONTABLES_H

#include "runtime/package/MemoryPlanner.h"

namespace tensel::rt {

/// The session itself, at most.
inline constexpr int64_t sessionObjectBytes = 1536;
/// What a worker's stack holds beside kernels' frames: the system's record of the thread, the runtime's frames, and those of what kernels
/// import (memcpy and its like).
inline constexpr int64_t threadStackBytes = 64 << 10;
/// The most that kernels may take.
inline constexpr int64_t mostKernelStackBytes = 16 << 20;

/// The stack of a worker that runs kernels which take up to so many bytes of it: the worker is given no more (and what thread-local
/// variables of the program take, which is not the session's).
constexpr int64_t workerStackBytes(int64_t kernelStackBytes) {
  return (kernelStackBytes + threadStackBytes + 4095) / 4096 * 4096;
}
/// Of all workers of a session with so many threads, one of which is the caller's.
constexpr int64_t workerStacksBytes(int64_t kernelStackBytes, int64_t threads) {
  return workerStackBytes(kernelStackBytes) * (threads > 1 ? threads - 1 : 0);
}

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
