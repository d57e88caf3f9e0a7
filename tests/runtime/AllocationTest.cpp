// After a session is made nothing is allocated: malloc and friends are interposed and counted over runs, on every
// thread, the failing runs included.
#include "tests/runtime/Sample.h"

#include <atomic>
#include <gtest/gtest.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TENSEL_NO_INTERPOSER
#endif
#endif

using namespace tensel::rt;
using namespace tensel::rt::test;

#ifndef TENSEL_NO_INTERPOSER
static std::atomic<bool> isCounting{false};
static std::atomic<int> allocations{0};

extern "C" {
// glibc's own names.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void count() {
  if (isCounting.load(std::memory_order_relaxed))
    allocations.fetch_add(1);
}
void *malloc(size_t size) {
  count();
  return __libc_malloc(size);
}
void *calloc(size_t items, size_t size) {
  count();
  return __libc_calloc(items, size);
}
void *realloc(void *memory, size_t size) {
  count();
  return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}
}

TEST(Allocation, NoneAfterSessionCreation) {
  LoadedModel model(samplePackage());
  tensel_session_options options = {3, 1, nullptr, 0, 100};
  tensel_session *session;
  ASSERT_EQ(tensel_session_create(model, 0, &options, &session, nullptr), TENSEL_OK);
  std::vector<float> x(64 * 4, 1.0f);
  tensel_status_t bad = TENSEL_OK;
  int good = 0;
  isCounting.store(true);
  for (int round = 0; round < 500; ++round) {
    int64_t dims[] = {2 + round % 32 * 2, 4}, wrong[] = {3, 4};
    good += tensel_session_set_input(session, 0, x.data(), TENSEL_F32, dims, 2) == TENSEL_OK;
    good += tensel_session_set_input_named(session, "y", x.data(), TENSEL_F32, dims, 2) == TENSEL_OK;
    good += tensel_session_run(session) == TENSEL_OK;
    const void *data;
    const int64_t *outDims;
    int32_t rank;
    good += tensel_session_output(session, 0, &data, &outDims, &rank) == TENSEL_OK;
    bad = tensel_session_set_input(session, 0, x.data(), TENSEL_F32, wrong, 2);
  }
  isCounting.store(false);
  EXPECT_EQ(good, 4 * 500);
  EXPECT_EQ(bad, TENSEL_OUT_OF_RANGE);
  EXPECT_EQ(allocations.load(), 0);
  tensel_session_destroy(session);

  // The counter counts.
  isCounting.store(true);
  free(malloc(allocations.load() + 1));
  isCounting.store(false);
}
#endif
