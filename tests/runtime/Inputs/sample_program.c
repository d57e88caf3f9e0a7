/* A compiled program as the compiler would make it, written by hand: `scale_add` gives x * w + y for rows of four
 * floats, `misbehave` does what its input says,
 * `accumulate` adds to a state. The tests compile it, link it with lld and put it into a package. */
#include "tensel/kernel_abi.h"

#include <math.h>
#include <string.h>

typedef struct {
  const float *x, *y, *w;
  float *out;
} closure_t;

static void row(closure_t *c, int64_t i) {
  for (int j = 0; j < 4; ++j)
    c->out[4 * i + j] = c->x[4 * i + j] * c->w[j] + c->y[4 * i + j];
}

void k0(void *closure, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    row(closure, i);
}

void k1(void *closure, int64_t begin, int64_t end) {
  closure_t *c = closure;
  for (int64_t i = begin; i < end; ++i)
    c->out[i] = expf(c->out[i] * 0.0f) - 1.0f; /* an import */
}

/* A table of addresses: relative relocations. */
static tensel_range_fn const kernels[2] = {k0, k1};
static volatile int runs; /* writable data */

int32_t scale_add(tensel_host_env *env, const tensel_abi_tensor *in, tensel_abi_tensor *out) {
  int64_t rows = in[0].dims[0], bytes = rows * 16;
  if (bytes > env->capacities[1])
    return env->fail(env, TENSEL_FAIL_CAPACITY, 1, bytes, env->capacities[1]);
  closure_t c = {in[0].data, in[1].data, env->weights[1], (float *)((char *)env->arena + env->offsets[1])};
  memset(c.out, 0xff, (size_t)bytes);
  env->dispatch = 0;
  env->parallel_for(env, kernels[runs < 0], &c, rows);
  runs = runs + 1;
  out[0].data = c.out;
  out[0].dims[0] = rows;
  out[0].dims[1] = 4;
  return 0;
}

int32_t misbehave(tensel_host_env *env, const tensel_abi_tensor *in, tensel_abi_tensor *out) {
  int64_t what = *(const int64_t *)in[0].data;
  out[0].data = env->arena;
  out[0].dims[0] = 2;
  closure_t c = {0, 0, 0, env->arena};
  switch (what) {
  case 1:
    return env->fail(env, TENSEL_FAIL_DIMS, 1, 3, 4);
  case 2:
    return 7;
  case 3:
    out[0].dims[0] = 3;
    return 0;
  case 4:
    out[0].data = 0;
    return 0;
  case 5:
    return env->fail(env, TENSEL_FAIL_CAPACITY, 0, 100, env->capacities[0]);
  case 6:
    return env->fail(env, TENSEL_FAIL_VALUE, 99, -1, 0);
  default:
    env->dispatch = 0;
    env->parallel_for(env, kernels[1], &c, 2);
    return 0;
  }
}

/* Adds x to the state; for a first element below 0 it leaves the sum elsewhere, which the runtime must see. */
int32_t accumulate(tensel_host_env *env, const tensel_abi_tensor *in, tensel_abi_tensor *out) {
  const float *x = in[0].data;
  float *total = x[0] < 0 ? env->arena : in[1].data;
  for (int i = 0; i < 4; ++i)
    total[i] = x[i] + ((const float *)in[1].data)[i];
  out[0].data = total;
  out[0].dims[0] = 4;
  return 0;
}
