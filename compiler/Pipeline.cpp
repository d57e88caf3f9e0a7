// The table of phases.
#include "compiler/Pipeline.h"

#include "compiler/Codegen.h"
#include "compiler/Diagnostics.h"
#include "compiler/constants/FoldConstants.h"
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
  // In the notation of tensel-opt. Steps are separated by '|'; the steps "fold" and "fold-narrow" are foldConstants() as a
  // pass; the latter keeps weights of f16 and bf16 as they are, for packing to see. BITS is roundedBits.
  llvm::StringRef passes;
};

constexpr Phase sharedPhases[] = {
    {"simplify",
     "tensel-infer-shapes,tensel-canonicalize,tensel-cse|fold-narrow|"
     "tensel-infer-shapes,tensel-decompose,tensel-infer-shapes,tensel-canonicalize,tensel-cse,tensel-hoist-gathers,tensel-cse,"
     "tensel-simplify-movement,tensel-canonicalize,tensel-cse|fold-narrow|"
     "tensel-infer-shapes,tensel-canonicalize,tensel-cse,tensel-pack-constants,tensel-cse|fold"},
    {"quantize", "tensel-quantize-activations{bits=BITS},tensel-cse|fold"},
    {"dispatch", "tensel-form-dispatches,tensel-canonicalize,tensel-cse"},
    {"plan", "tensel-plan-memory"},
    {"linalg", "func.func(tensel-lower-to-linalg)"},
};

constexpr llvm::StringRef allPhases[] = {"import", "simplify", "quantize", "dispatch", "plan", "linalg", "kernel", "llvm"};

constexpr llvm::StringRef bitExactName = "tensel.bit_exact", pastCachesName = "tensel.past_caches";

void dumpIf(ModuleOp module, llvm::StringRef phase, const PhaseOptions &options) {
  if (!options.dump || options.dumpAfter != phase)
    return;
  module.print(*options.dump, OpPrintingFlags().elideLargeElementsAttrs().elideLargeResourceString());
  *options.dump << "\n";
}
} // namespace

PassObservers::PassObservers(llvm::ArrayRef<PassObserver *> all) {
  llvm::copy_if(all, std::back_inserter(observers), [](PassObserver *observer) { return observer != nullptr; });
}

void PassObservers::attach(PassManager &passes) {
  for (PassObserver *observer : observers)
    observer->attach(passes);
}

bool PassObservers::watchesKernels() const {
  return llvm::any_of(observers, [](PassObserver *observer) { return observer->watchesKernels(); });
}

llvm::Error PassObservers::verdict() const {
  for (PassObserver *observer : observers)
    if (llvm::Error error = observer->verdict())
      return error;
  return llvm::Error::success();
}

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
    registerFoldConstantsPass();
    registerTransformsPasses();
  });
}

llvm::ArrayRef<llvm::StringRef> phaseNames() { return allPhases; }

bool isPhase(llvm::StringRef name) { return llvm::is_contained(allPhases, name); }

static llvm::SmallVector<std::string> stepsOf(const Phase &phase, const PhaseOptions &options) {
  llvm::SmallVector<std::string> steps;
  if (phase.name == "quantize" && !options.roundedBits)
    return steps;
  const bool isDispatch = phase.name == "dispatch";
  if (isDispatch && !options.means.onGraph.empty())
    steps.push_back(options.means.onGraph);
  for (llvm::StringRef step : llvm::split(phase.passes, '|')) {
    auto [before, after] = step.split("BITS");
    steps.push_back(before == step ? step.str() : (before + llvm::Twine(options.roundedBits) + after).str());
  }
  if (isDispatch && !options.means.onDispatches.empty())
    steps.push_back(options.means.onDispatches);
  return steps;
}

llvm::SmallVector<std::string> passNames(const PhaseOptions &options) {
  llvm::SmallVector<std::string> names;
  for (const Phase &phase : sharedPhases)
    for (const std::string &pass : stepsOf(phase, options))
      names.push_back((phase.name + ": " + pass).str());
  return names;
}

llvm::SmallVector<llvm::StringRef> splitPasses(llvm::StringRef step) {
  llvm::SmallVector<llvm::StringRef> passes;
  int depth = 0;
  size_t begin = 0;
  for (auto [k, c] : llvm::enumerate(step)) {
    depth += llvm::StringRef("({").contains(c) - llvm::StringRef(")}").contains(c);
    if (c != ',' || depth != 0)
      continue;
    passes.push_back(step.slice(begin, k));
    begin = k + 1;
  }
  passes.push_back(step.drop_front(begin));
  return passes;
}

static llvm::Error runPasses(ModuleOp module, llvm::StringRef text, WeightResolver &weights, PassObserver *observer) {
  DiagnosticCollector diagnostics(module.getContext());
  PassManager passes(module.getContext());
  std::string wrong;
  llvm::raw_string_ostream stream(wrong);
  if (text == "fold" || text == "fold-narrow")
    passes.addPass(createFoldConstantsPass(weights, /*keepsHalves=*/text == "fold-narrow"));
  else if (failed(parsePassPipeline(text, passes, stream)))
    return llvm::createStringError("'" + text + "': " + wrong);
  if (observer)
    observer->attach(passes);
  if (failed(passes.run(module)))
    return diagnostics.takeError(("'" + text + "' failed").str());
  return observer ? observer->verdict() : llvm::Error::success();
}

static llvm::Error runStep(ModuleOp module, llvm::StringRef step, WeightResolver &weights, PassObserver *observer) {
  if (!observer)
    return runPasses(module, step, weights, nullptr);
  // One by one, so that nothing runs after a pass that the observer stops at.
  for (llvm::StringRef pass : splitPasses(step))
    if (llvm::Error error = runPasses(module, pass, weights, observer))
      return error;
  return llvm::Error::success();
}

/// Chooses what keeps the program within its limit, on copies that nobody observes.
static llvm::Error chooseMeans(ModuleOp module, const Phase &phase, WeightResolver &weights, PhaseOptions &options) {
  if (phase.name != "dispatch" || !options.maxMemory)
    return llvm::Error::success();
  llvm::Expected<MemoryMeans> means =
      fitMemory(module, *options.maxMemory, phase.passes,
                [&](ModuleOp copy, llvm::StringRef passes) { return runPasses(copy, passes, weights, nullptr); });
  if (!means)
    return means.takeError();
  options.means = *means;
  return llvm::Error::success();
}

/// Notes for the kernels whether the weights are larger than what caches of servers give a core.
static void noteWeights(ModuleOp module) {
  constexpr int64_t cacheBytes = 64 << 20;
  int64_t bytes = 0;
  for (auto weight : module.getOps<graph::WeightOp>()) {
    auto type = cast<RankedTensorType>(weight.getType());
    bytes += type.getNumElements() * task::storageBytes(type.getElementType());
  }
  if (bytes > cacheBytes)
    module->setAttr(pastCachesName, UnitAttr::get(module.getContext()));
}

llvm::Error runSharedPhases(ModuleOp module, WeightResolver &weights, PhaseOptions &options) {
  registerCompilerPasses();
  if (options.bitExact)
    module->setAttr(bitExactName, UnitAttr::get(module.getContext()));
  dumpIf(module, "import", options);
  if (options.stopAfter == "import")
    return llvm::Error::success();
  for (const Phase &phase : sharedPhases) {
    if (llvm::Error error = chooseMeans(module, phase, weights, options))
      return error;
    for (const std::string &step : stepsOf(phase, options))
      if (llvm::Error error = runStep(module, step, weights, options.observer))
        return error;
    dumpIf(module, phase.name, options);
    if (options.stopAfter == phase.name)
      break;
  }
  noteWeights(module);
  return llvm::Error::success();
}

KernelNeeds kernelNeeds(ModuleOp module) { return {module->hasAttr(bitExactName), module->hasAttr(pastCachesName)}; }

void buildKernelPhase(OpPassManager &passes, const KernelNeeds &needs, const CpuLevel &level) {
  KernelOptions options;
  options.bitExact = needs.bitExact;
  options.pastCaches = needs.pastCaches;
  options.vectorBits = level.vectorBits;
  options.hasDotProducts = level.hasDotProducts;
  buildKernelPipeline(passes, options);
}

void buildHostPhase(OpPassManager &passes) { passes.addPass(createLowerTaskPass()); }
} // namespace tensel
