// What code this machine can run, in the levels that packages name.
#ifndef TENSEL_RUNTIME_SRC_CPULEVEL_H
#define TENSEL_RUNTIME_SRC_CPULEVEL_H

namespace tensel::rt {

/// The rank of a level's name: higher runs on fewer machines; 0 for a name that is not known.
int cpuLevelRank(const char *name);

/// The rank of this machine's level (CPU and operating system), never 0.
int machineCpuLevel();

/// machineCpuLevel(), lowered to TENSEL_CPU_LEVEL when the environment has it; 0 when that names no level.
int usableCpuLevel();

const char *cpuLevelName(int rank);

} // namespace tensel::rt
#endif
