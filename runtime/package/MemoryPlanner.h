// Lays planned values out in one arena. The runtime does it when a session is made, for the session's symbol limits;
// the compiler runs the same code to state the peak.
#ifndef TENSEL_RUNTIME_PACKAGE_MEMORYPLANNER_H
#define TENSEL_RUNTIME_PACKAGE_MEMORYPLANNER_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tensel::rt {

/// A buffer of `bytes`, alive at the positions [first, last].
struct PlannerValue {
  int64_t bytes;
  int32_t first;
  int32_t last;
};

/// Places the values by size (largest first, then by index), each at the lowest multiple of 64 where it overlaps no
/// value alive at the same time. Allocates nothing: `scratch` has room for 2 * count. Returns false when a size is
/// negative or the arena would pass 2^62 bytes.
bool planMemory(const PlannerValue *values, size_t count, int64_t *offsets, uint32_t *scratch, int64_t &arenaBytes);

/// The same with vectors.
inline bool planMemory(const std::vector<PlannerValue> &values, std::vector<int64_t> &offsets, int64_t &arenaBytes) {
  std::vector<uint32_t> scratch(2 * values.size());
  offsets.assign(values.size(), 0);
  return planMemory(values.data(), values.size(), offsets.data(), scratch.data(), arenaBytes);
}

} // namespace tensel::rt
#endif
