// Fork-join threads for parallel loops. Made once with a session; a loop costs no allocation. Workers spin for some
// microseconds after a loop, because the next one mostly follows at once, then sleep.
#ifndef TENSEL_RUNTIME_SRC_THREADPOOL_H
#define TENSEL_RUNTIME_SRC_THREADPOOL_H

#include "runtime/include/tensel/kernel_abi.h"
#include "runtime/src/Array.h"

#include <atomic>
#include <pthread.h>

namespace tensel::rt {

class ThreadPool {
public:
  ThreadPool() = default;
  ~ThreadPool() { stop(); }
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Starts threadCount - 1 workers; the caller of parallelFor is the last one. Each has a stack of `stackBytes`, and room for the
  /// program's thread-local variables. Returns 0 or an errno value; then no worker runs.
  int start(int threadCount, size_t stackBytes);
  void stop();
  int threadCount() const { return int(workers.size()) + 1; }
  /// Whether a loop is in progress.
  bool isBusy() const { return busy.load(std::memory_order_relaxed); }

  /// Covers [0, count) and returns when all is done; one caller at a time. A call from inside a loop runs inline.
  void parallelFor(tensel_range_fn function, void *closure, int64_t count);

private:
  static void *runWorker(void *pool);
  void waitForWork(uint32_t seen);
  void doChunks();

  // The loop in progress; written only while no worker is inside it.
  tensel_range_fn function = nullptr;
  void *closure = nullptr;
  int64_t count = 0;
  int64_t chunk = 0;
  alignas(64) std::atomic<int64_t> next{0};
  /// openBit while workers may join the loop, plus the number of workers inside.
  alignas(64) std::atomic<uint32_t> state{0};
  /// Goes up with each loop; sleeping workers wait on it.
  alignas(64) std::atomic<uint32_t> epoch{0};
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> stopping{false};
  std::atomic<bool> busy{false};
  Array<pthread_t> workers;
};

} // namespace tensel::rt
#endif
