/* The contract between compiled programs and the runtime: what a compiled function receives, what it may call
 * and what it gives back. The compiler emits code against this page and the runtime calls it; a change here
 * raises TENSEL_KERNEL_ABI_VERSION. C11 and C++, no other header of ours. */
#ifndef TENSEL_KERNEL_ABI_H
#define TENSEL_KERNEL_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENSEL_KERNEL_ABI_VERSION 3
#define TENSEL_MAX_RANK 16
#define TENSEL_ALIGNMENT 64

/* Codes for tensel_host_env::fail. */
#define TENSEL_FAIL_CAPACITY 1 /* a value is larger than its reservation; where = planned value id */
#define TENSEL_FAIL_DIMS 2     /* dims disagree; where = index into the function's `places` */
#define TENSEL_FAIL_VALUE 3    /* a bad value; where = index into the function's `places` */

/* One tensor at the program's boundary: data and dims[rank], row-major, contiguous. */
typedef struct tensel_abi_tensor {
  void *data;
  int64_t *dims;
} tensel_abi_tensor;

/* Runs iterations [begin, end). May be called for any split of the range, in any order, on any thread. */
typedef void (*tensel_range_fn)(void *closure, int64_t begin, int64_t end);

typedef struct tensel_host_env {
  void *arena;                /* 64-byte aligned */
  const int64_t *offsets;     /* per planned value: byte offset in the arena, a multiple of 64 */
  const int64_t *capacities;  /* per planned value: bytes reserved */
  const void *const *weights; /* per package weight: first byte, 64-byte aligned, read only */
  /* Covers [0, count) by calls of the function and returns when all are done. A nested call runs inline. */
  void (*parallel_for)(struct tensel_host_env *env, tensel_range_fn fn, void *closure, int64_t count);
  /* Records the first error of a run and returns code. */
  int32_t (*fail)(struct tensel_host_env *env, int32_t code, int64_t where, int64_t found, int64_t expected);
  /* Written by the program before it calls parallel_for for a dispatch: which of the function's dispatches it is. */
  int64_t dispatch;
} tensel_host_env;

/* A compiled function. Inputs: data and dims are given. Outputs: dims points at room for the signature's rank;
 * the callee fills it and sets data, pointing into the arena, an input or a weight. An input that is a state (the
 * signature says so) may be written; its next value, an output, is in its memory in the end. 0 = ok. */
typedef int32_t (*tensel_entry_fn)(tensel_host_env *env, const tensel_abi_tensor *inputs, tensel_abi_tensor *outputs);

/* The compiled functions of one CPU level, in the package's order of functions. */
typedef struct tensel_static_level {
  const char *level; /* "x86-64-v3" */
  const tensel_entry_fn *entries;
} tensel_static_level;

/* A model linked into the program: metadata and weights are a package without code sections (64-byte aligned),
 * code is the linker's business. The compiler emits one constant of this type for --emit=obj and --emit=so. */
struct tensel_static_model {
  uint32_t abi_version; /* TENSEL_KERNEL_ABI_VERSION */
  uint32_t level_count;
  const void *package;
  uint64_t package_size;
  const tensel_static_level *levels;
};

#ifdef __cplusplus
}
#endif
#endif
