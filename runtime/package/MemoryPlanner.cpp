// The arena layout, see MemoryPlanner.h. A layout is quadratic in the number of values, with a small constant.
#include "runtime/package/MemoryPlanner.h"

#include <algorithm>
#include <cstring>

using namespace tensel::rt;

static constexpr int64_t limit = int64_t(1) << 62;
static constexpr int64_t noLayout = INT64_MAX;
/// After so many tries that did not help the search goes back to the best order.
static constexpr int patience = 1000;

static int64_t roundUp(int64_t bytes) { return (bytes + arenaAlignment - 1) & -arenaAlignment; }

LivePeak tensel::rt::findLivePeak(const PlannerValue *values, size_t count) {
  LivePeak peak = {0, -1};
  // What is alive grows only where a value begins.
  for (size_t i = 0; i < count; ++i) {
    int32_t position = values[i].first;
    int64_t bytes = 0;
    for (size_t j = 0; j < count; ++j)
      if (values[j].first <= position && position <= values[j].last)
        bytes = std::min(limit, bytes + roundUp(std::clamp<int64_t>(values[j].bytes, 0, limit)));
    if (bytes > peak.bytes || (bytes == peak.bytes && position < peak.position))
      peak = {bytes, position};
  }
  return peak;
}

MemoryPlanner::MemoryPlanner(const PlannerValue *values, size_t count, int64_t *offsets, int64_t *scratch)
    : values(values), count(count), offsets(offsets), trialOffsets(scratch) {
  current = reinterpret_cast<uint32_t *>(scratch + count);
  trial = current + count;
  bestOrder = trial + count;
  placed = bestOrder + count;
}

bool MemoryPlanner::meet(uint32_t a, uint32_t b) const {
  return values[a].first <= values[b].last && values[b].first <= values[a].last;
}

int64_t MemoryPlanner::end(uint32_t value, const int64_t *places) const { return places[value] + roundUp(values[value].bytes); }

uint32_t MemoryPlanner::random(size_t below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return uint32_t((state >> 33) % below);
}

/// Fills `trial`; false when `given` does not name each value once.
bool MemoryPlanner::takeOrder(const uint32_t *given) {
  std::fill(current, current + count, 0);
  for (size_t i = 0; i < count; ++i)
    if (given[i] >= count || current[given[i]]++ != 0)
      return false;
  std::copy(given, given + count, trial);
  return true;
}

/// Fills `trial`.
void MemoryPlanner::sortBy(Start start) {
  for (size_t i = 0; i < count; ++i)
    trial[i] = uint32_t(i);
  auto weight = [&](uint32_t i) {
    double bytes = double(values[i].bytes), lifetime = double(values[i].last) - values[i].first + 1;
    return start == BySize ? bytes : start == ByArea ? bytes * lifetime : lifetime;
  };
  std::sort(trial, trial + count, [&](uint32_t a, uint32_t b) {
    if (double x = weight(a), y = weight(b); x != y)
      return x > y;
    return values[a].bytes != values[b].bytes ? values[a].bytes > values[b].bytes : a < b;
  });
}

/// Gives the values of a sequence their places; returns the end of the highest one, or, at once, a number above `most`.
int64_t MemoryPlanner::place(const uint32_t *sequence, int64_t *places, int64_t most) {
  size_t placedCount = 0; // placed[] is sorted by offset
  int64_t top = 0;
  for (size_t i = 0; i < count; ++i) {
    const PlannerValue &value = values[sequence[i]];
    int64_t cursor = 0;
    if (value.bytes != 0) {
      size_t j = 0;
      for (; j < placedCount; ++j) {
        if (!meet(placed[j], sequence[i]))
          continue;
        if (places[placed[j]] - cursor >= value.bytes)
          break;
        cursor = std::max(cursor, end(placed[j], places));
      }
      steps += int64_t(j);
      if (cursor > limit - roundUp(value.bytes))
        return noLayout;
    }
    places[sequence[i]] = cursor;
    if (value.bytes == 0)
      continue;
    top = std::max(top, end(sequence[i], places));
    if (top > most)
      return top;
    uint32_t *at = std::upper_bound(placed, placed + placedCount, cursor,
                                    [places](int64_t wanted, uint32_t id) { return wanted < places[id]; });
    memmove(at + 1, at, size_t(placed + placedCount - at) * sizeof *at);
    *at = sequence[i];
    ++placedCount;
  }
  return top;
}

/// The last layout tried is the one to go on from.
void MemoryPlanner::keepTrial(int64_t top) {
  std::copy(trial, trial + count, current);
  std::copy(trialOffsets, trialOffsets + count, offsets);
  if (top < best) {
    best = top;
    std::copy(trial, trial + count, bestOrder);
  }
}

/// Some value of the stack, from a value that ends at the top down to the arena's begin, in which each rests on the next one.
uint32_t MemoryPlanner::valueToMove(int64_t top) {
  uint32_t at = 0, under = 0, chosen = 0;
  auto pick = [&](int64_t wantedEnd, auto fits) {
    uint32_t seen = 0;
    for (uint32_t i = 0; i < count; ++i)
      if (values[i].bytes != 0 && end(i, offsets) == wantedEnd && fits(i) && random(++seen) == 0)
        under = i;
    return seen != 0;
  };
  pick(top, [](uint32_t) { return true; });
  at = chosen = under;
  for (uint32_t depth = 1; offsets[at] > 0 && pick(offsets[at], [&](uint32_t i) { return meet(i, at); }); at = under)
    if (random(++depth) == 0)
      chosen = under;
  steps += int64_t(3 * count);
  return chosen;
}

void MemoryPlanner::search(int64_t target, PlannerEffort effort) {
  std::copy(bestOrder, bestOrder + count, current);
  int64_t top = place(current, offsets, noLayout);
  for (int tries = 0; best > target && steps < effort.steps; ++tries) {
    if (tries == patience) {
      std::copy(bestOrder, bestOrder + count, current);
      top = place(current, offsets, noLayout);
      tries = 0;
    }
    uint32_t moved = valueToMove(top);
    std::copy(current, current + count, trial);
    uint32_t *from = std::find(trial, trial + count, moved), *to = trial + random(count);
    if (to < from)
      std::rotate(to, from, from + 1);
    else
      std::rotate(from, from + 1, to + 1);
    bool evenIfWorse = random(100) == 0;
    int64_t before = best, found = place(trial, trialOffsets, evenIfWorse ? noLayout - 1 : top);
    if (found > top && (!evenIfWorse || found == noLayout))
      continue;
    top = found;
    keepTrial(top);
    if (best < before)
      tries = 0;
  }
}

bool MemoryPlanner::plan(const uint32_t *given, PlannerEffort effort) {
  for (size_t i = 0; i < count; ++i)
    if (values[i].bytes < 0 || values[i].bytes > limit)
      return false;
  live = findLivePeak(values, count);
  int64_t target = live.bytes + std::max(live.bytes / 25, effort.slackBytes);
  best = noLayout;
  steps = 0;
  state = 12345;
  for (Start start : {Given, BySize, ByArea, ByLifetime}) {
    if (best <= target || (start == Given && !given))
      continue;
    if (start != Given)
      sortBy(start);
    else if (!takeOrder(given))
      continue;
    if (int64_t top = place(trial, trialOffsets, noLayout); top < best)
      keepTrial(top);
  }
  if (best == noLayout)
    return count == 0 ? (best = 0, true) : false;
  if (best > target)
    search(target, effort);
  place(bestOrder, offsets, noLayout);
  return true;
}
