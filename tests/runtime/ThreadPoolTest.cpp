// The thread pool: every iteration once, whatever the number of threads; nested and repeated loops; many pools.
#include "runtime/src/ThreadPool.h"
#include "runtime/package/SessionTables.h"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

using namespace tensel::rt;

namespace {

constexpr size_t stackBytes = size_t(128) << 10;

struct Counts {
  std::vector<std::atomic<int>> items;
  explicit Counts(size_t size) : items(size) {}
  static void run(void *closure, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      static_cast<Counts *>(closure)->items[size_t(i)].fetch_add(1);
  }
};

TEST(ThreadPool, EveryIterationOnce) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool;
    ASSERT_EQ(pool.start(threads, stackBytes), 0);
    EXPECT_EQ(pool.threadCount(), threads);
    for (int64_t count : {0, 1, 2, 3, 7, 31, 32, 33, 1000, 100000}) {
      Counts counts(size_t(count + 1));
      pool.parallelFor(Counts::run, &counts, count);
      for (int64_t i = 0; i < count; ++i)
        ASSERT_EQ(counts.items[size_t(i)].load(), 1) << threads << " threads, " << i << " of " << count;
      EXPECT_EQ(counts.items[size_t(count)].load(), 0);
    }
  }
}

TEST(ThreadPool, ManyShortLoops) {
  ThreadPool pool;
  ASSERT_EQ(pool.start(4, stackBytes), 0);
  Counts counts(16);
  for (int round = 0; round < 20000; ++round)
    pool.parallelFor(Counts::run, &counts, 16);
  for (auto &item : counts.items)
    EXPECT_EQ(item.load(), 20000);
}

TEST(ThreadPool, LoopsAfterASleep) {
  ThreadPool pool;
  ASSERT_EQ(pool.start(3, stackBytes), 0);
  Counts counts(64);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    pool.parallelFor(Counts::run, &counts, 64);
  }
  for (auto &item : counts.items)
    EXPECT_EQ(item.load(), 20);
}

TEST(ThreadPool, NestedLoopsRunInline) {
  struct Nested {
    ThreadPool pool;
    Counts counts{100};
    static void run(void *closure, int64_t begin, int64_t end) {
      auto *nested = static_cast<Nested *>(closure);
      for (int64_t i = begin; i < end; ++i)
        nested->pool.parallelFor(Counts::run, &nested->counts, 100);
    }
  } nested;
  ASSERT_EQ(nested.pool.start(3, stackBytes), 0);
  nested.pool.parallelFor(Nested::run, &nested, 50);
  for (auto &item : nested.counts.items)
    EXPECT_EQ(item.load(), 50);
}

TEST(ThreadPool, ResultsDoNotDependOnTheThreads) {
  struct Values {
    std::vector<float> out = std::vector<float>(5000);
    static void run(void *closure, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        float sum = 0;
        for (int k = 1; k < 50; ++k)
          sum += 1.0f / float(i + k);
        static_cast<Values *>(closure)->out[size_t(i)] = sum;
      }
    }
  };
  Values reference;
  Values::run(&reference, 0, 5000);
  for (int threads : {1, 2, 5}) {
    ThreadPool pool;
    ASSERT_EQ(pool.start(threads, stackBytes), 0);
    Values values;
    pool.parallelFor(Values::run, &values, 5000);
    EXPECT_EQ(values.out, reference.out);
  }
}

TEST(ThreadPool, StopsAndStartsAgain) {
  ThreadPool pool;
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(pool.start(4, stackBytes), 0);
    Counts counts(10);
    pool.parallelFor(Counts::run, &counts, 10);
    EXPECT_EQ(counts.items[9].load(), 1);
    pool.stop();
    EXPECT_EQ(pool.threadCount(), 1);
  }
}

/// What a kernel is allowed to take is there, and no more than a few pages beside it.
TEST(ThreadPool, StacksAreWhatIsAskedFor) {
  struct Seen {
    pthread_t caller = pthread_self();
    std::atomic<size_t> workers{0}, smallest{SIZE_MAX}, largest{0};
  } seen;
  ThreadPool pool;
  ASSERT_EQ(pool.start(3, stackBytes), 0);
  auto look = [](void *closure, int64_t, int64_t) {
    auto &found = *static_cast<Seen *>(closure);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (pthread_equal(pthread_self(), found.caller))
      return;
    pthread_attr_t attributes;
    void *low = nullptr;
    size_t bytes = 0;
    ASSERT_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
    pthread_attr_getstack(&attributes, &low, &bytes);
    pthread_attr_destroy(&attributes);
    char here = 0;
    const size_t room = size_t(&here - static_cast<char *>(low));
    size_t before = found.smallest.load();
    while (room < before && !found.smallest.compare_exchange_weak(before, room))
      continue;
    before = found.largest.load();
    while (bytes > before && !found.largest.compare_exchange_weak(before, bytes))
      continue;
    // All of it can be written.
    volatile char *kernel = static_cast<char *>(__builtin_alloca(stackBytes - threadStackBytes));
    for (size_t i = 0; i < stackBytes - threadStackBytes; i += 512)
      kernel[i] = 1;
    found.workers.fetch_add(1);
  };
  for (int round = 0; round < 50; ++round)
    pool.parallelFor(look, &seen, 12);
  EXPECT_GT(seen.workers.load(), 0u);
  EXPECT_GE(seen.smallest.load(), stackBytes - size_t(threadStackBytes) / 4);
  EXPECT_LE(seen.largest.load(), stackBytes + size_t(threadStackBytes));
}

} // namespace
