// x86-64 levels for LLVM. One table; everything else follows from LLVM's own description of the processors.
#include "compiler/targets/Cpu.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <mutex>

namespace tensel {
namespace {
constexpr llvm::StringLiteral triple = "x86_64-unknown-linux-gnu";

constexpr CpuLevel levels[] = {
    {"x86-64-v3", "x86-64-v3", "", 256, false},
    {"x86-64-v4", "x86-64-v4", "", 512, false},
    {"x86-64-v4+vnni", "x86-64-v4", "+avx512vnni", 512, true},
};

// What each level adds that a host must have; the names are LLVM's features.
constexpr llvm::StringLiteral v3Features[] = {"avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"};
constexpr llvm::StringLiteral v4Features[] = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"};
constexpr llvm::StringLiteral vnniFeatures[] = {"avx512vnni"};

void initializeTargetOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
  });
}
} // namespace

std::string CpuLevel::identifier() const {
  std::string result = name.str();
  std::replace_if(result.begin(), result.end(), [](char c) { return c == '-' || c == '+'; }, '_');
  return result;
}

llvm::ArrayRef<CpuLevel> cpuLevels() { return levels; }

const CpuLevel *findCpuLevel(llvm::StringRef name) {
  for (const CpuLevel &level : levels)
    if (level.name == name || level.name.substr(sizeof("x86-64-") - 1) == name)
      return &level;
  return nullptr;
}

const CpuLevel *hostCpuLevel() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto has = [&](llvm::StringRef feature) { return features.lookup(feature); };
  if (!llvm::all_of(v3Features, has))
    return nullptr;
  if (!llvm::all_of(v4Features, has))
    return &levels[0];
  return llvm::all_of(vnniFeatures, has) ? &levels[2] : &levels[1];
}

bool runsHere(const CpuLevel &level) {
  const CpuLevel *host = hostCpuLevel();
  return host && &level <= host; // levels build on one another, in the order of one table
}

std::unique_ptr<llvm::TargetMachine> createTargetMachine(const CpuLevel &level) {
  initializeTargetOnce();
  std::string error;
  llvm::Triple target(triple);
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(target, error);
  llvm::TargetOptions options;
  options.FunctionSections = true;
  options.DataSections = true;
  options.UniqueSectionNames = true;
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(target, level.processor, level.features, options,
                                                                         llvm::Reloc::PIC_, llvm::CodeModel::Small,
                                                                         llvm::CodeGenOptLevel::Aggressive));
}

void setTarget(llvm::Module &module, const llvm::TargetMachine &machine, const CpuLevel &level) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  module.setPICLevel(llvm::PICLevel::BigPIC);
  std::string width = std::to_string(level.vectorBits);
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", level.processor);
    if (!level.features.empty())
      function.addFnAttr("target-features", level.features);
    // LLVM prefers half registers on some processors; the kernels are made for whole ones.
    function.addFnAttr("prefer-vector-width", width);
    function.addFnAttr("min-legal-vector-width", width);
    function.addFnAttr("frame-pointer", "none");
    function.addFnAttr(llvm::Attribute::NoUnwind);
    // Loops must not be recognised as calls of a function that the runtime does not offer.
    function.addFnAttr("no-trapping-math", "true");
  }
}
} // namespace tensel
