// The thread pool, see ThreadPool.h. A worker joins a loop by raising `state` while its open bit is set; the caller
// works too, closes the loop when no chunk is left, and waits only for workers that joined. So a worker that the
// system has not woken yet delays nobody.
#include "runtime/src/ThreadPool.h"

#include <cerrno>
#include <climits>
#include <csignal>
#include <link.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace tensel::rt;

static constexpr uint32_t openBit = uint32_t(1) << 31;
static constexpr int spinCount = 4000;    // about 50 microseconds
static constexpr int chunksPerThread = 4; // evens out threads of different speed

static void futexWait(std::atomic<uint32_t> &word, uint32_t expected) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

static void futexWake(std::atomic<uint32_t> &word, int count) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

static void pauseCpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// What the system takes off every stack for the thread-local variables of the program and its libraries.
static size_t threadLocalBytes() {
  size_t bytes = 0;
  dl_iterate_phdr(
      [](dl_phdr_info *info, size_t, void *sum) {
        for (size_t i = 0; i < info->dlpi_phnum; ++i)
          if (info->dlpi_phdr[i].p_type == PT_TLS)
            *static_cast<size_t *>(sum) += info->dlpi_phdr[i].p_memsz + info->dlpi_phdr[i].p_align;
        return 0;
      },
      &bytes);
  return bytes;
}

int ThreadPool::start(int threadCount, size_t stackBytes) {
  if (threadCount <= 1)
    return 0;
  Array<pthread_t> &started = workers;
  size_t wanted = size_t(threadCount) - 1, running = 0;
  if (!started.allocate(wanted))
    return ENOMEM;
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error)
    return error;
  const size_t page = size_t(sysconf(_SC_PAGESIZE));
  error = pthread_attr_setstacksize(&attributes, (stackBytes + threadLocalBytes() + page - 1) / page * page);
  // Signals are the application's affair: its own threads take them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (; running < wanted && !error; running += !error)
    error = pthread_create(&started[running], &attributes, runWorker, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error) {
    stopping.store(true);
    epoch.fetch_add(1);
    futexWake(epoch, INT_MAX);
    while (running)
      pthread_join(started[--running], nullptr);
    stopping.store(false);
    (void)started.allocate(0);
  }
  return error;
}

void ThreadPool::stop() {
  if (!workers.size())
    return;
  stopping.store(true);
  epoch.fetch_add(1);
  futexWake(epoch, INT_MAX);
  for (pthread_t worker : workers)
    pthread_join(worker, nullptr);
  (void)workers.allocate(0);
  stopping.store(false);
}

void ThreadPool::doChunks() {
  for (;;) {
    int64_t begin = next.fetch_add(chunk, std::memory_order_relaxed);
    if (begin >= count)
      return;
    function(closure, begin, count - begin < chunk ? count : begin + chunk);
  }
}

void ThreadPool::waitForWork(uint32_t seen) {
  for (int i = 0; i < spinCount; ++i) {
    if (epoch.load(std::memory_order_acquire) != seen)
      return;
    pauseCpu();
  }
  sleepers.fetch_add(1);
  while (epoch.load() == seen)
    futexWait(epoch, seen);
  sleepers.fetch_sub(1);
}

void *ThreadPool::runWorker(void *argument) {
  auto *pool = static_cast<ThreadPool *>(argument);
  uint32_t seen = 0;
  for (;;) {
    pool->waitForWork(seen);
    seen = pool->epoch.load(std::memory_order_acquire);
    if (pool->stopping.load())
      return nullptr;
    uint32_t state = pool->state.load(std::memory_order_acquire);
    while (state & openBit)
      if (pool->state.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) {
        pool->doChunks();
        // The last one out of a closed loop wakes the caller.
        if (pool->state.fetch_sub(1, std::memory_order_acq_rel) == 1)
          futexWake(pool->state, 1);
        break;
      }
  }
}

void ThreadPool::parallelFor(tensel_range_fn loop, void *loopClosure, int64_t loopCount) {
  if (loopCount <= 0)
    return;
  // Whoever calls while a loop is in progress is inside it: a session runs on one thread at a time.
  if (!workers.size() || loopCount == 1 || busy.load(std::memory_order_relaxed))
    return loop(loopClosure, 0, loopCount);
  busy.store(true, std::memory_order_relaxed);
  function = loop;
  closure = loopClosure;
  count = loopCount;
  int64_t chunks = int64_t(threadCount()) * chunksPerThread;
  chunk = loopCount / chunks + (loopCount % chunks != 0);
  next.store(0, std::memory_order_relaxed);
  state.store(openBit, std::memory_order_release);
  epoch.fetch_add(1);
  if (sleepers.load())
    futexWake(epoch, INT_MAX);

  doChunks();
  uint32_t inside = state.fetch_and(~openBit, std::memory_order_acq_rel) & ~openBit;
  for (int i = 0; inside; ++i) {
    if (i < spinCount)
      pauseCpu();
    else
      futexWait(state, inside);
    inside = state.load(std::memory_order_acquire);
  }
  busy.store(false, std::memory_order_relaxed);
}
