// The CPU target: levels of x86-64 that machine code is made for, each with its machine description.
#ifndef TENSEL_COMPILER_TARGETS_CPU_H
#define TENSEL_COMPILER_TARGETS_CPU_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace tensel {

/// A set of instructions that a processor has or has not as a whole.
struct CpuLevel {
  llvm::StringRef name;      // "x86-64-v4+vnni"
  llvm::StringRef processor; // LLVM's name of the processor, "x86-64-v4"
  llvm::StringRef features;  // what it has beyond that, as LLVM writes it
  int64_t vectorBits;        // width of a vector register
  bool hasDotProducts;       // adds products of bytes in one instruction (AVX512-VNNI)

  /// The name as a part of a C identifier: "x86_64_v3", "x86_64_v4_vnni".
  std::string identifier() const;
};

/// All levels, the least demanding first.
llvm::ArrayRef<CpuLevel> cpuLevels();

/// The level called `name` ("x86-64-v3" or "v3"), or null.
const CpuLevel *findCpuLevel(llvm::StringRef name);

/// The best level that this machine runs, or null.
const CpuLevel *hostCpuLevel();
/// Whether this machine has the instructions of a level of cpuLevels().
bool runsHere(const CpuLevel &level);

/// What LLVM needs to know to make position-independent code for the level.
std::unique_ptr<llvm::TargetMachine> createTargetMachine(const CpuLevel &level);

/// Marks the module and its functions as code for the level.
void setTarget(llvm::Module &module, const llvm::TargetMachine &machine, const CpuLevel &level);

} // namespace tensel
#endif // TENSEL_COMPILER_TARGETS_CPU_H
