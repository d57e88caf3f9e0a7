/* Counts what a compiled model allocates while it runs: `count_allocations PACKAGE THREADS`.
 *
 * The allocator is interposed in this program, so the runtime's and the compiled code's calls come here, whatever the
 * thread. Every input is zeros, with symbols at their smallest value. Prints how many calls the session's creation made
 * and how many the runs after it made. */
#include "tensel/runtime.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { MaxInputs = 16, MaxRank = 16, Runs = 20 };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_int calls;

void *malloc(size_t size) {
  atomic_fetch_add(&calls, 1);
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  atomic_fetch_add(&calls, 1);
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  atomic_fetch_add(&calls, 1);
  return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  atomic_fetch_add(&calls, 1);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  *memory = aligned_alloc(alignment, size);
  return *memory ? 0 : 12;
}

static int fail(const char *message) {
  fprintf(stderr, "error: %s\n", message);
  return 1;
}

int main(int argc, char **argv) {
  tensel_error_t error = {{0}};
  tensel_model *model = NULL;
  tensel_session *session = NULL;
  if (argc != 3)
    return fail("expected PACKAGE THREADS");
  if (tensel_model_load_file(argv[1], &model, &error) != TENSEL_OK)
    return fail(error.message);
  tensel_symbol_limit limits[MaxInputs];
  int32_t symbols = tensel_model_symbol_count(model);
  for (int32_t k = 0; k < symbols && k < MaxInputs; ++k) {
    tensel_symbol_info info = {0};
    tensel_model_symbol(model, k, &info);
    limits[k] = (tensel_symbol_limit){info.name, info.min > 0 ? info.min : 1};
  }
  tensel_session_options options = {.threads = atoi(argv[2]), .limits = limits, .limit_count = (size_t)symbols};
  int before = atomic_load(&calls);
  if (tensel_session_create(model, 0, &options, &session, &error) != TENSEL_OK)
    return fail(error.message);
  int created = atomic_load(&calls) - before;
  void *data[MaxInputs];
  int64_t dims[MaxInputs][MaxRank];
  tensel_tensor_info inputs[MaxInputs];
  int32_t count = tensel_model_input_count(model, 0);
  for (int32_t i = 0; i < count && i < MaxInputs; ++i) {
    tensel_model_input(model, 0, i, &inputs[i]);
    size_t elements = 1;
    for (int32_t d = 0; d < inputs[i].rank; ++d) {
      dims[i][d] = inputs[i].dims[d] < 0 ? limits[inputs[i].symbols[d]].max : inputs[i].dims[d];
      elements *= (size_t)dims[i][d];
    }
    data[i] = calloc(elements, tensel_elem_type_size(inputs[i].type));
  }
  before = atomic_load(&calls);
  for (int run = 0; run < Runs; ++run) {
    for (int32_t i = 0; i < count && i < MaxInputs; ++i)
      if (tensel_session_set_input(session, i, data[i], inputs[i].type, dims[i], inputs[i].rank) != TENSEL_OK)
        return fail(tensel_session_message(session));
    if (tensel_session_run(session) != TENSEL_OK)
      return fail(tensel_session_message(session));
  }
  int ran = atomic_load(&calls) - before;
  tensel_session_destroy(session);
  tensel_model_destroy(model);
  printf("%d %d\n", created, ran);
  return 0;
}
