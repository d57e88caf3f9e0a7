// The table of phases.
#include "compiler/Pipeline.h"

#include "compiler/Codegen.h"
#include "compiler/Diagnostics.h"
#include "dialects/graph/Graph.h"
#include "dialects/task/Task.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/graph/Passes.h"
#include "passes/kernel/Passes.h"
#include "passes/task/Passes.h"
#include <mutex>

using namespace mlir;

namespace tensel {
namespace {
struct Phase {
  llvm::StringRef name;
  llvm::StringRef passes; // in the notation of tensel-opt
};

constexpr Phase sharedPhases[] = {
    {"simplify", "tensel-infer-shapes,tensel-decompose,tensel-infer-shapes,canonicalize,cse,tensel-simplify-movement,canonicalize,cse"},
    {"dispatch", "tensel-form-dispatches,canonicalize,cse"},
    {"plan", "tensel-plan-memory"},
    {"linalg", "func.func(tensel-lower-to-linalg)"},
};

constexpr llvm::StringRef allPhases[] = {"import", "simplify", "dispatch", "plan", "linalg", "kernel", "llvm"};

void dumpIf(ModuleOp module, llvm::StringRef phase, const PhaseOptions &options) {
  if (!options.dump || options.dumpAfter != phase)
    return;
  module.print(*options.dump, OpPrintingFlags().elideLargeElementsAttrs().elideLargeResourceString());
  *options.dump << "\n";
}
} // namespace

const DialectRegistry &compilerRegistry() {
  static const DialectRegistry registry = [] {
    DialectRegistry made;
    made.insert<graph::GraphDialect, task::TaskDialect, DLTIDialect>();
    registerTenselKernelDialects(made);
    func::registerInlinerExtension(made);
    registerTranslations(made);
    return made;
  }();
  return registry;
}

void registerCompilerPasses() {
  static std::once_flag once;
  std::call_once(once, [] {
    registerTenselGraphPasses();
    registerTenselTaskPasses();
    registerTenselKernelPasses();
    registerTenselKernelPipelines();
    registerTransformsPasses();
  });
}

llvm::ArrayRef<llvm::StringRef> phaseNames() { return allPhases; }

bool isPhase(llvm::StringRef name) { return llvm::is_contained(allPhases, name); }

llvm::SmallVector<std::string> passNames() {
  llvm::SmallVector<std::string> names;
  for (const Phase &phase : sharedPhases)
    for (llvm::StringRef pass : llvm::split(phase.passes, ','))
      names.push_back((phase.name + ":" + pass).str());
  return names;
}

llvm::Error runSharedPhases(ModuleOp module, const PhaseOptions &options) {
  registerCompilerPasses();
  dumpIf(module, "import", options);
  if (options.stopAfter == "import")
    return llvm::Error::success();
  for (const Phase &phase : sharedPhases) {
    DiagnosticCollector diagnostics(module.getContext());
    PassManager passes(module.getContext());
    std::string wrong;
    llvm::raw_string_ostream stream(wrong);
    if (failed(parsePassPipeline(phase.passes, passes, stream)))
      return llvm::createStringError("phase '" + phase.name + "': " + wrong);
    if (failed(passes.run(module)))
      return diagnostics.takeError(("phase '" + phase.name + "' failed").str());
    dumpIf(module, phase.name, options);
    if (options.stopAfter == phase.name)
      break;
  }
  return llvm::Error::success();
}

void buildKernelPhase(OpPassManager &passes, const CpuLevel &level) {
  KernelOptions options;
  options.vectorBits = level.vectorBits;
  buildKernelPipeline(passes, options);
}

void buildHostPhase(OpPassManager &passes) { passes.addPass(createLowerTaskPass()); }
} // namespace tensel
