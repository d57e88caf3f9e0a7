// Stands before glibc's allocator and remembers the largest request; see AllocationWatch.h.
#include "tests/support/AllocationWatch.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <gtest/gtest.h>
#include <unistd.h>

static std::atomic<size_t> largest{0};

#if __has_feature(address_sanitizer)
// The sanitizer has an allocator of its own, with a limit of its own: requests are not seen here.
#else
static void see(size_t size) {
  if (size > largest.load(std::memory_order_relaxed))
    largest.store(size, std::memory_order_relaxed);
}

extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  see(size);
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  size_t bytes = 0;
  see(__builtin_mul_overflow(count, size, &bytes) ? SIZE_MAX : bytes);
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  see(size);
  return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  see(size);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  see(size);
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
}
#endif

using namespace tensel::test;

AllocationWatch::AllocationWatch(size_t fileSize) : fileSize(fileSize) {
  largest = 0;
  alarm(30);
}

AllocationWatch::~AllocationWatch() { alarm(0); }

void AllocationWatch::expectModest(size_t fixed) const {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  EXPECT_LT(passed.count(), 5.0);
  EXPECT_LE(largest.load(), 2 * fileSize + fixed);
}
