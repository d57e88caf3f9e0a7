/* Measures what this machine can do: `machine_peak [THREADS [BYTES]]` prints one line of JSON, each number the best of several
 * tries, added up over the threads: "gflops" float multiply-adds (two operations each), "int8_gops" products of bytes added to
 * 32-bit sums (two operations each; 0 where the machine lacks the VNNI instructions), and "read_gbs" reading BYTES over and
 * over (shared by the threads; not measured when it is 0).
 *
 * Twelve independent accumulators hide the latency; the compiler's vector types pick the registers. */
#include <immintrin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __AVX512F__
enum { Lanes = 16 };
#else
enum { Lanes = 8 };
#endif
typedef float vec __attribute__((vector_size(Lanes * sizeof(float))));
typedef int ivec __attribute__((vector_size(Lanes * sizeof(int))));
enum { Accumulators = 12, Tries = 5, MaxThreads = 64 };
static const long rounds = 20000000;

struct job {
  pthread_barrier_t *barrier;
  const char *data;
  size_t bytes;
  double gflops, gops, gbs;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double floats(volatile float *sink) {
  vec a[Accumulators], b, c;
  for (int i = 0; i < Accumulators; ++i)
    a[i] = (vec){0} + 1.0f + (float)i;
  b = (vec){0} + 0.999f + *sink * 0.0f;
  c = (vec){0} + 1e-6f + *sink * 0.0f;
  double start = now();
  for (long n = 0; n < rounds; ++n) {
#pragma clang loop unroll(full)
    for (int i = 0; i < Accumulators; ++i)
      a[i] = a[i] * b + c;
  }
  double seconds = now() - start;
  for (int i = 0; i < Accumulators; ++i)
    *sink += a[i][0];
  return (double)rounds * Accumulators * Lanes * 2 / seconds / 1e9;
}

#if defined(__AVX512VNNI__)
static ivec dot(ivec sum, ivec a, ivec b) { return (ivec)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b); }
#elif defined(__AVXVNNI__)
static ivec dot(ivec sum, ivec a, ivec b) { return (ivec)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b); }
#endif

static double bytes(volatile float *sink) {
#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
  ivec a[Accumulators], b, c;
  for (int i = 0; i < Accumulators; ++i)
    a[i] = (ivec){0} + i;
  b = (ivec){0} + 0x01010101 + (int)(*sink * 0.0f);
  c = (ivec){0} + 0x02010201 + (int)(*sink * 0.0f);
  double start = now();
  for (long n = 0; n < rounds; ++n) {
#pragma clang loop unroll(full)
    for (int i = 0; i < Accumulators; ++i)
      a[i] = dot(a[i], b, c);
  }
  double seconds = now() - start;
  for (int i = 0; i < Accumulators; ++i)
    *sink += (float)a[i][0];
  return (double)rounds * Accumulators * Lanes * 4 * 2 / seconds / 1e9;
#else
  (void)sink;
  return 0;
#endif
}

static double reads(const char *data, size_t size, volatile float *sink) {
  enum { Unroll = 8 };
  ivec sums[Unroll] = {{0}};
  size_t step = Unroll * sizeof(ivec), end = size / step * step;
  double start = now();
  for (size_t at = 0; at < end; at += step)
    for (int i = 0; i < Unroll; ++i)
      sums[i] += *(const ivec *)(data + at + (size_t)i * sizeof(ivec));
  double seconds = now() - start;
  for (int i = 0; i < Unroll; ++i)
    *sink += (float)sums[i][0];
  return (double)end / seconds / 1e9;
}

static double greater(double a, double b) { return a > b ? a : b; }

static void *work(void *argument) {
  struct job *job = argument;
  volatile float sink = 1;
  for (int i = 0; i < Tries; ++i) {
    pthread_barrier_wait(job->barrier);
    job->gflops = greater(job->gflops, floats(&sink));
    job->gops = greater(job->gops, bytes(&sink));
  }
  for (int i = 0; i < Tries * 4 && job->bytes; ++i) {
    pthread_barrier_wait(job->barrier);
    job->gbs = greater(job->gbs, reads(job->data, job->bytes, &sink));
  }
  return NULL;
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  size_t size = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
  if (threads < 1 || threads > MaxThreads)
    return 1;
  size_t share = size / (size_t)threads / 4096 * 4096;
  char *data = share ? aligned_alloc(4096, share * (size_t)threads) : NULL;
  if (data)
    memset(data, 1, share * (size_t)threads);
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  struct job jobs[MaxThreads] = {{0}};
  pthread_t running[MaxThreads];
  double gflops = 0, gops = 0, gbs = 0;
  for (int t = 0; t < threads; ++t) {
    jobs[t] = (struct job){.barrier = &barrier, .data = data ? data + (size_t)t * share : NULL, .bytes = data ? share : 0};
    if (pthread_create(&running[t], NULL, work, &jobs[t]) != 0)
      return 1;
  }
  for (int t = 0; t < threads; ++t) {
    pthread_join(running[t], NULL);
    gflops += jobs[t].gflops;
    gops += jobs[t].gops;
    gbs += jobs[t].gbs;
  }
  printf("{\"gflops\": %.1f, \"int8_gops\": %.1f, \"read_gbs\": %.1f, \"lanes\": %d, \"threads\": %d}\n", gflops, gops, gbs,
         Lanes, threads);
  return 0;
}
