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

/// Values begin at multiples of this, and each takes whole multiples of it.
inline constexpr int64_t arenaAlignment = 64;

/// The most bytes that are alive at one position, and the first such position; no layout can be smaller.
struct LivePeak {
  int64_t bytes;
  int32_t position;
};

/// Rounds each value up to arenaAlignment. Sums stop at 2^62. Position -1 and no bytes where there are no values.
LivePeak findLivePeak(const PlannerValue *values, size_t count);

/// How long to look for a better layout than the first ones: until the arena is within a twenty-fifth of what is alive, or within
/// `slackBytes` of it, and for at most about so many steps (a step looks at one value that has its place).
struct PlannerEffort {
  int64_t steps;
  int64_t slackBytes;
};
/// Some milliseconds at most. A page more or less is nothing that anyone would see.
inline constexpr PlannerEffort sessionEffort = {1000000, 4096};
/// A tenth of a second for each function, where it is hard.
inline constexpr PlannerEffort compilerEffort = {40000000, 0};

/// Places values one after the other, each at the lowest multiple of 64 where it overlaps no value alive at the same time. What
/// decides is the order: tried are a given one, by size, by size times lifetime and by lifetime, and from the best of these on a
/// search moves values of the stack that reaches the arena's end to other places in the order. Deterministic; allocates nothing.
class MemoryPlanner {
public:
  /// So many int64 of scratch for each value.
  static constexpr size_t scratchWords = 3;

  MemoryPlanner(const PlannerValue *values, size_t count, int64_t *offsets, int64_t *scratch);

  /// Fills `offsets`. `given`: an order of all values to try first, or null; what is no order is passed over. False when a size is negative or the arena would pass
  /// 2^62 bytes.
  bool plan(const uint32_t *given, PlannerEffort effort);

  int64_t arenaBytes() const { return best; }
  /// Of the values, as findLivePeak() gives it.
  LivePeak livePeak() const { return live; }
  /// The order that the layout comes from, all values.
  const uint32_t *order() const { return bestOrder; }

private:
  enum Start : int { Given, BySize, ByArea, ByLifetime };
  bool meet(uint32_t a, uint32_t b) const;
  int64_t end(uint32_t value, const int64_t *places) const;
  bool takeOrder(const uint32_t *given);
  void sortBy(Start start);
  int64_t place(const uint32_t *sequence, int64_t *places, int64_t most);
  void keepTrial(int64_t top);
  void search(int64_t target, PlannerEffort effort);
  uint32_t valueToMove(int64_t top);
  uint32_t random(size_t below);

  const PlannerValue *values;
  size_t count;
  int64_t *offsets, *trialOffsets;
  uint32_t *current, *trial, *bestOrder, *placed;
  uint64_t state = 0;
  int64_t steps = 0, best = 0;
  LivePeak live = {0, -1};
};

/// The same with vectors, at the compiler's effort; `live`, where it is given, becomes the live peak.
inline bool planMemory(const std::vector<PlannerValue> &values, std::vector<int64_t> &offsets, int64_t &arenaBytes,
                       LivePeak *live = nullptr) {
  std::vector<int64_t> scratch(MemoryPlanner::scratchWords * values.size());
  offsets.assign(values.size(), 0);
  MemoryPlanner planner(values.data(), values.size(), offsets.data(), scratch.data());
  if (!planner.plan(nullptr, compilerEffort))
    return false;
  arenaBytes = planner.arenaBytes();
  if (live)
    *live = planner.livePeak();
  return true;
}

} // namespace tensel::rt
#endif
