// The arena layout, see MemoryPlanner.h. Quadratic in the number of values, with a small constant.
#include "runtime/package/MemoryPlanner.h"

#include <algorithm>
#include <cstring>

using namespace tensel::rt;

static constexpr int64_t alignment = 64;
static constexpr int64_t limit = int64_t(1) << 62;

bool tensel::rt::planMemory(const PlannerValue *values, size_t count, int64_t *offsets, uint32_t *scratch, int64_t &arenaBytes) {
  uint32_t *order = scratch, *placed = scratch + count;
  for (size_t i = 0; i < count; ++i) {
    if (values[i].bytes < 0 || values[i].bytes > limit)
      return false;
    order[i] = uint32_t(i);
  }
  std::sort(order, order + count, [values](uint32_t a, uint32_t b) {
    return values[a].bytes != values[b].bytes ? values[a].bytes > values[b].bytes : a < b;
  });

  arenaBytes = 0;
  size_t placedCount = 0; // placed[] is sorted by offset
  for (size_t i = 0; i < count; ++i) {
    const PlannerValue &value = values[order[i]];
    int64_t cursor = 0;
    if (value.bytes != 0)
      for (size_t j = 0; j < placedCount; ++j) {
        const PlannerValue &other = values[placed[j]];
        if (other.last < value.first || value.last < other.first)
          continue;
        int64_t start = offsets[placed[j]];
        if (start - cursor >= value.bytes)
          break;
        int64_t end = (start + other.bytes + alignment - 1) & -alignment;
        cursor = std::max(cursor, end);
      }
    offsets[order[i]] = cursor;
    if (value.bytes == 0)
      continue;
    if (cursor > limit - value.bytes)
      return false;
    arenaBytes = std::max(arenaBytes, (cursor + value.bytes + alignment - 1) & -alignment);
    uint32_t *place =
        std::upper_bound(placed, placed + placedCount, cursor, [offsets](int64_t at, uint32_t id) { return at < offsets[id]; });
    memmove(place + 1, place, (placed + placedCount - place) * sizeof *place);
    *place = order[i];
    ++placedCount;
  }
  return true;
}
