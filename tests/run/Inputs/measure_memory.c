/* Measures what one session of a compiled model takes: `measure_memory PACKAGE FUNCTION THREADS [SYMBOL=VALUE]... [INPUT:=NUMBER]...`.
 *
 * The allocator and mmap are interposed in this program, so the runtime's calls come here. Three sessions run on the same inputs (the
 * number given for an input, else zeros): one as it is, of which the resident anonymous memory counts; two whose arena is painted first, each
 * with another byte, so that what neither of them wrote keeps its paint. Prints one JSON object: "touched" bytes of the arena from its
 * begin to the highest byte written, "tables" (most bytes asked of malloc at a time while a session is made), "states" and "resident".
 * All three must give the same results, whatever the arena held. */
#define _GNU_SOURCE
#include "tensel/runtime.h"

#include <alloca.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MaxInputs = 256, MaxRank = 16, HugePage = 2 << 20 };

void *__libc_malloc(size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static atomic_long held, mostHeld;
static int paint = -1; /* the byte to fill new mappings with, or -1 */
static unsigned char *mapping;
static size_t mappingBytes;

/* In front of every block. */
typedef struct Block {
  void *raw;
  size_t size;
} Block;

static void *give(void *raw, size_t offset, size_t size) {
  if (!raw)
    return NULL;
  Block *block = (Block *)((char *)raw + offset) - 1;
  *block = (Block){raw, size};
  long now = atomic_fetch_add(&held, (long)size) + (long)size, most = atomic_load(&mostHeld);
  while (now > most && !atomic_compare_exchange_weak(&mostHeld, &most, now))
    continue;
  return block + 1;
}
void *malloc(size_t size) { return give(__libc_malloc(size + sizeof(Block)), sizeof(Block), size); }
void free(void *memory) {
  if (!memory)
    return;
  Block *block = (Block *)memory - 1;
  atomic_fetch_sub(&held, (long)block->size);
  __libc_free(block->raw);
}
void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes))
    return NULL;
  void *memory = malloc(bytes);
  return memory ? memset(memory, 0, bytes) : NULL;
}
void *realloc(void *memory, size_t size) {
  void *moved = malloc(size);
  if (moved && memory) {
    size_t before = ((Block *)memory - 1)->size;
    memcpy(moved, memory, before < size ? before : size);
    free(memory);
  }
  return moved;
}
void *aligned_alloc(size_t alignment, size_t size) {
  size_t offset = alignment < sizeof(Block) ? sizeof(Block) : alignment;
  return give(__libc_memalign(offset, size + offset), offset, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  *memory = aligned_alloc(alignment, size);
  return *memory ? 0 : 12;
}
void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  void *made = (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
  if ((flags & MAP_ANONYMOUS) && made != MAP_FAILED) {
    mapping = made;
    mappingBytes = size;
    if (paint >= 0)
      memset(made, paint, size);
  }
  return made;
}

static void fail(const char *message) {
  fprintf(stderr, "error: %s\n", message);
  exit(1);
}

/* Without stdio, which would ask malloc for a buffer. */
static long residentAnonymous(void) {
  char text[4096] = "";
  int file = open("/proc/self/status", O_RDONLY);
  ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  const char *line = count > 0 ? strstr(text, "RssAnon:") : NULL;
  return line ? atol(line + 8) * 1024 : 0;
}

/* Kernels run on this thread's stack, too; it is not the session's. */
static void touchStack(void) { memset(alloca(2 << 20), 1, 2 << 20); }

static const char *valueOf(int argc, char **argv, const char *name, const char *sign) {
  size_t length = strlen(name);
  for (int k = 4; k < argc; ++k)
    if (strncmp(argv[k], name, length) == 0 && strncmp(argv[k] + length, sign, strlen(sign)) == 0)
      return argv[k] + length + strlen(sign);
  return NULL;
}

static void fill(void *data, size_t count, tensel_elem_type type, double number) {
  for (size_t i = 0; i < count; ++i)
    switch (type) {
    case TENSEL_F64:
      ((double *)data)[i] = number;
      break;
    case TENSEL_F32:
      ((float *)data)[i] = (float)number;
      break;
    case TENSEL_I32:
      ((int32_t *)data)[i] = (int32_t)number;
      break;
    case TENSEL_I64:
      ((int64_t *)data)[i] = (int64_t)number;
      break;
    case TENSEL_BOOL:
      ((char *)data)[i] = number != 0;
      break;
    default:
      break;
    }
}

typedef struct Tensor {
  tensel_tensor_info info;
  int64_t dims[MaxRank];
  size_t bytes;
  void *data;
} Tensor;

static Tensor inputs[MaxInputs];
static int32_t inputCount;

/* One session, run twice; returns a hash of the last run's results. */
static uint64_t run(const tensel_model *model, int32_t function, const tensel_session_options *options, long *resident) {
  tensel_error_t error = {{0}};
  tensel_session *session = NULL;
  long before = residentAnonymous();
  if (tensel_session_create(model, function, options, &session, &error) != TENSEL_OK)
    fail(error.message);
  for (int round = 0; round < 2; ++round) {
    for (int32_t i = 0; i < inputCount; ++i) {
      Tensor *input = &inputs[i];
      if (input->info.state >= 0)
        memset(input->data, 0, input->bytes);
      tensel_status_t status =
          input->info.state >= 0
              ? tensel_session_set_state(session, i, input->data, input->info.type, input->dims, input->info.rank)
              : tensel_session_set_input(session, i, input->data, input->info.type, input->dims, input->info.rank);
      if (status != TENSEL_OK)
        fail(tensel_session_message(session));
    }
    if (tensel_session_run(session) != TENSEL_OK)
      fail(tensel_session_message(session));
  }
  *resident = residentAnonymous() - before;
  uint64_t hash = 14695981039346656037u;
  for (int32_t i = 0; i < tensel_model_output_count(model, function); ++i) {
    tensel_tensor_info info;
    const void *data;
    const int64_t *dims;
    int32_t rank;
    tensel_model_output(model, function, i, &info);
    if (tensel_session_output(session, i, &data, &dims, &rank) != TENSEL_OK)
      fail(tensel_session_message(session));
    size_t bytes = tensel_elem_type_size(info.type);
    for (int32_t d = 0; d < rank; ++d)
      bytes *= (size_t)dims[d];
    for (size_t k = 0; k < bytes; ++k)
      hash = (hash ^ ((const unsigned char *)data)[k]) * 1099511628211u;
  }
  if (paint < 0)
    tensel_session_destroy(session);
  return hash; /* painted arenas are looked at by the caller, and stay */
}

int main(int argc, char **argv) {
  tensel_error_t error = {{0}};
  tensel_model *model = NULL;
  if (argc < 4)
    fail("expected PACKAGE FUNCTION THREADS [SYMBOL=VALUE]... [INPUT:=NUMBER]...");
  if (tensel_model_load_file(argv[1], &model, &error) != TENSEL_OK)
    fail(error.message);
  int32_t function = tensel_model_find_function(model, argv[2]);
  if (function < 0)
    fail("no such function");
  int32_t symbolCount = tensel_model_symbol_count(model);
  tensel_symbol_limit *limits = calloc((size_t)symbolCount + 1, sizeof *limits);
  for (int32_t k = 0; k < symbolCount; ++k) {
    tensel_symbol_info symbol;
    tensel_model_symbol(model, k, &symbol);
    const char *value = valueOf(argc, argv, symbol.name, "=");
    limits[k] = (tensel_symbol_limit){symbol.name, value ? atoll(value) : symbol.min > 0 ? symbol.min : 1};
  }
  long states = 0;
  inputCount = tensel_model_input_count(model, function);
  if (inputCount > MaxInputs)
    fail("too many inputs");
  for (int32_t i = 0; i < inputCount; ++i) {
    Tensor *input = &inputs[i];
    tensel_model_input(model, function, i, &input->info);
    input->bytes = tensel_elem_type_size(input->info.type);
    for (int32_t d = 0; d < input->info.rank; ++d) {
      input->dims[d] = input->info.dims[d] < 0 ? limits[input->info.symbols[d]].max : input->info.dims[d];
      input->bytes *= (size_t)input->dims[d];
    }
    const char *number = valueOf(argc, argv, input->info.name, ":=");
    input->data = aligned_alloc(64, input->bytes + 64);
    memset(input->data, 0, input->bytes + 64);
    if (number)
      fill(input->data, input->bytes / tensel_elem_type_size(input->info.type), input->info.type, atof(number));
    if (input->info.state >= 0)
      states += (long)input->bytes;
  }
  tensel_session_options options = {.threads = atoi(argv[3]), .limits = limits, .limit_count = (size_t)symbolCount};
  touchStack();

  long resident = 0, ignored = 0, start = atomic_load(&held);
  atomic_store(&mostHeld, start);
  uint64_t expected = run(model, function, &options, &resident);
  long tables = atomic_load(&mostHeld) - start;

  const unsigned char paints[2] = {0xa5, 0x5a};
  size_t touched = 0;
  unsigned char *first = NULL;
  size_t firstBytes = 0;
  for (int k = 0; k < 2; ++k) {
    paint = paints[k];
    mapping = NULL;
    if (run(model, function, &options, &ignored) != expected)
      fail("the results depend on what the arena held before");
    if (k == 0) {
      first = mapping;
      firstBytes = mappingBytes;
    }
  }
  if (!first || firstBytes != mappingBytes)
    fail("found no arena");
  /* Large arenas begin at a huge page inside their mapping. */
  size_t skip[2] = {0, 0};
  unsigned char *maps[2] = {first, mapping};
  for (int k = 0; k < 2; ++k)
    if (mappingBytes >= 2 * (size_t)HugePage)
      skip[k] = (size_t)(-(uintptr_t)maps[k]) & (HugePage - 1);
  for (size_t at = 0; at + skip[0] < mappingBytes && at + skip[1] < mappingBytes; ++at)
    if (first[skip[0] + at] != paints[0] || mapping[skip[1] + at] != paints[1])
      touched = at + 1;
  printf("{\"touched\": %zu, \"tables\": %ld, \"states\": %ld, \"resident\": %ld}\n", touched, tables, states, resident);
  return 0;
}
