// The arena layout: no two values alive together overlap, the peak is what it says, equal input gives equal output.
#include "runtime/package/MemoryPlanner.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

using namespace tensel::rt;

TEST(Planner, ReusesWhatIsDead) {
  // The first and the third never meet.
  std::vector<PlannerValue> values = {{100, 0, 1}, {64, 1, 2}, {100, 2, 3}};
  std::vector<int64_t> offsets;
  int64_t bytes = -1;
  ASSERT_TRUE(planMemory(values, offsets, bytes));
  EXPECT_EQ(offsets, (std::vector<int64_t>{0, 128, 0}));
  EXPECT_EQ(bytes, 192);
}

TEST(Planner, PlacesTheLargestFirst) {
  // The 192 takes the place that the 200 leaves; the 64 meets both, so it lies above the larger.
  std::vector<PlannerValue> values = {{256, 0, 9}, {192, 2, 9}, {200, 0, 1}, {64, 0, 9}};
  std::vector<int64_t> offsets;
  int64_t bytes = -1;
  ASSERT_TRUE(planMemory(values, offsets, bytes));
  EXPECT_EQ(offsets, (std::vector<int64_t>{0, 256, 256, 512}));
  EXPECT_EQ(bytes, 576);
}

TEST(Planner, EmptyValuesTakeNothing) {
  std::vector<PlannerValue> values = {{0, 0, 5}, {0, 0, 5}, {1, 0, 5}};
  std::vector<int64_t> offsets;
  int64_t bytes = -1;
  ASSERT_TRUE(planMemory(values, offsets, bytes));
  EXPECT_EQ(offsets, (std::vector<int64_t>{0, 0, 0}));
  EXPECT_EQ(bytes, 64);
  ASSERT_TRUE(planMemory({}, offsets, bytes));
  EXPECT_EQ(bytes, 0);
}

TEST(Planner, RefusesBadSizes) {
  std::vector<int64_t> offsets;
  int64_t bytes;
  EXPECT_FALSE(planMemory({{-1, 0, 1}}, offsets, bytes));
  EXPECT_FALSE(planMemory({{INT64_MAX, 0, 1}}, offsets, bytes));
  EXPECT_FALSE(planMemory({{int64_t(1) << 62, 0, 1}, {int64_t(1) << 62, 0, 1}}, offsets, bytes));
}

TEST(Planner, NothingAliveTogetherOverlaps) {
  std::mt19937 random(1);
  for (int round = 0; round < 400; ++round) {
    size_t count = random() % 60;
    std::vector<PlannerValue> values;
    for (size_t i = 0; i < count; ++i) {
      int32_t first = int32_t(random() % 40);
      values.push_back({int64_t(random() % 5 == 0 ? 0 : random() % 3000), first, first + int32_t(random() % 12)});
    }
    std::vector<int64_t> offsets, again;
    int64_t bytes = 0, sum = 0, highest = 0;
    ASSERT_TRUE(planMemory(values, offsets, bytes));
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(offsets[i] % 64, 0);
      sum += (values[i].bytes + 63) / 64 * 64;
      highest = std::max(highest, offsets[i] + values[i].bytes);
      for (size_t j = 0; j < i; ++j) {
        bool meet = values[i].first <= values[j].last && values[j].first <= values[i].last;
        bool apart = offsets[i] + values[i].bytes <= offsets[j] || offsets[j] + values[j].bytes <= offsets[i];
        EXPECT_TRUE(!meet || apart || !values[i].bytes || !values[j].bytes) << i << " and " << j;
      }
    }
    EXPECT_EQ(bytes, (highest + 63) / 64 * 64);
    EXPECT_LE(bytes, sum);
    ASSERT_TRUE(planMemory(values, again, bytes));
    EXPECT_EQ(offsets, again);
  }
}

TEST(Planner, SaysWhatIsAliveAtOnce) {
  std::vector<PlannerValue> values = {{100, 0, 2}, {64, 1, 3}, {200, 3, 4}};
  LivePeak peak = findLivePeak(values.data(), values.size());
  EXPECT_EQ(peak.bytes, 256 + 64);
  EXPECT_EQ(peak.position, 3);
  EXPECT_EQ(findLivePeak(nullptr, 0).bytes, 0);
}

TEST(Planner, SearchesWhereNoSimpleOrderIsGood) {
  std::mt19937 random(7);
  int improved = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<PlannerValue> values;
    for (int32_t i = 0; i < 40; ++i) {
      int32_t first = int32_t(random() % 30);
      values.push_back({int64_t(1 + random() % 12) * 640, first, first + 1 + int32_t(random() % 9)});
    }
    std::vector<int64_t> offsets(values.size()), scratch(MemoryPlanner::scratchWords * values.size());
    MemoryPlanner planner(values.data(), values.size(), offsets.data(), scratch.data());
    ASSERT_TRUE(planner.plan(nullptr, {0, 0}));
    int64_t simple = planner.arenaBytes(), live = findLivePeak(values.data(), values.size()).bytes;
    ASSERT_TRUE(planner.plan(nullptr, {sessionEffort.steps, 0}));
    EXPECT_LE(planner.arenaBytes(), simple);
    EXPECT_GE(planner.arenaBytes(), live);
    improved += planner.arenaBytes() < simple;
    // The order that it gives makes the same layout again, without a search.
    std::vector<uint32_t> order(planner.order(), planner.order() + values.size());
    int64_t found = planner.arenaBytes();
    ASSERT_TRUE(planner.plan(order.data(), {0, INT64_MAX / 2}));
    EXPECT_EQ(planner.arenaBytes(), found);
  }
  EXPECT_GT(improved, 50);
}

TEST(Planner, PassesOverWhatIsNoOrder) {
  std::vector<PlannerValue> values = {{100, 0, 1}, {64, 1, 2}, {100, 2, 3}};
  std::vector<int64_t> offsets(3), scratch(3 * MemoryPlanner::scratchWords);
  for (std::vector<uint32_t> order : {std::vector<uint32_t>{0, 0, 1}, {0, 1, 3}, {2, 1, 0}}) {
    MemoryPlanner planner(values.data(), 3, offsets.data(), scratch.data());
    ASSERT_TRUE(planner.plan(order.data(), sessionEffort));
    EXPECT_EQ(planner.arenaBytes(), 192);
  }
}
