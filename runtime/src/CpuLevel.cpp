// CPUID -> psABI level. Registers that the operating system does not save (XCR0) do not count.
#include "runtime/src/CpuLevel.h"

#include <cpuid.h>
#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace tensel::rt;

static constexpr const char *levelNames[] = {"unknown", "x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4+vnni"};
static constexpr int levelCount = sizeof levelNames / sizeof *levelNames;

int tensel::rt::cpuLevelRank(const char *name) {
  for (int rank = 1; rank < levelCount; ++rank)
    if (strcmp(name, levelNames[rank]) == 0)
      return rank;
  return 0;
}

const char *tensel::rt::cpuLevelName(int rank) { return levelNames[rank < 0 || rank >= levelCount ? 0 : rank]; }

static bool hasAll(unsigned found, unsigned wanted) { return (found & wanted) == wanted; }

int tensel::rt::machineCpuLevel() {
  unsigned a, b, c1 = 0, d, b7 = 0, c7 = 0, cExtended = 0;
  if (!__get_cpuid(1, &a, &b, &c1, &d))
    return 1;
  __get_cpuid_count(7, 0, &a, &b7, &c7, &d);
  __get_cpuid(0x80000001, &a, &b, &cExtended, &d);
  if (!hasAll(c1, bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT) ||
      !hasAll(cExtended, bit_LAHF_LM))
    return 1;
  if (!hasAll(c1, bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C) || !hasAll(cExtended, bit_LZCNT) ||
      !hasAll(b7, bit_BMI | bit_AVX2 | bit_BMI2))
    return 2;
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if (!hasAll(low, 0x06)) // xmm, ymm
    return 2;
  if (!hasAll(low, 0xe0) || // opmask, zmm
      !hasAll(b7, bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW | bit_AVX512VL))
    return 3;
  return hasAll(c7, bit_AVX512VNNI) ? 5 : 4;
}

int tensel::rt::usableCpuLevel() {
  int machine = machineCpuLevel();
  const char *wanted = getenv("TENSEL_CPU_LEVEL");
  if (!wanted || !*wanted)
    return machine;
  int rank = cpuLevelRank(wanted);
  return rank < machine ? rank : machine;
}
