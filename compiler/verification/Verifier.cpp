// Before and after each pass; see Verifier.h. Choosing what to run is in Evaluate.cpp, the compiled program in Compiled.cpp.
#include "compiler/verification/Verifier.h"

#include "compiler/verification/Blame.h"
#include "compiler/verification/PlainLowering.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
class Instrumentation : public PassInstrumentation {
public:
  explicit Instrumentation(Verifier &verifier) : verifier(verifier) {}
  ~Instrumentation() override { verifier.onDetached(); }
  void runBeforePass(Pass *pass, Operation *op) override {
    if (!isPassAdaptor(*pass))
      verifier.beforePass(*pass, op);
  }
  void runAfterPass(Pass *pass, Operation *op) override {
    if (!isPassAdaptor(*pass))
      verifier.afterPass(*pass, op);
  }

private:
  Verifier &verifier;
};

} // namespace

ModuleOp moduleOf(Operation *op) {
  auto module = dyn_cast<ModuleOp>(op);
  return module ? module : op->getParentOfType<ModuleOp>();
}

bool isPassAdaptor(const Pass &pass) { return pass.getName().contains("OpToOpPassAdaptor"); }

std::string brokenBy(Pass &pass, NumericClass promised) {
  return "the pass '" + pass.getArgument().str() + "' breaks its promise (" + nameOf(promised).str() + ")";
}

std::string placeOf(func::FuncOp function, unsigned result) { return ", result '" + nameOfResult(function, result) + "'"; }

std::string counted(unsigned count, StringRef what) { return (Twine(count) + " " + what + (count == 1 ? "" : "s")).str(); }

std::string pipelineOf(Pass &pass) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  pass.printAsTextualPipeline(stream);
  return text;
}

void Verifier::attach(PassManager &manager) {
  manager.getContext()->disableMultithreading();
  prepareForPlainLowering(*manager.getContext());
  manager.addInstrumentation(std::make_unique<Instrumentation>(*this));
}

void Verifier::release() {
  before = nullptr;
  graph = nullptr;
  for (auto &entry : kernels.all())
    entry.second.module = nullptr;
}

llvm::Error Verifier::verdict() const {
  return brokenPromise ? llvm::createStringError(brokenPromise->message) : llvm::Error::success();
}

void Verifier::note(const std::string &line) {
  if (!llvm::is_contained(notes, line))
    notes.push_back(line);
}

void Verifier::beforePass(Pass &pass, Operation *op) {
  ModuleOp module = moduleOf(op);
  if (brokenPromise || !module)
    return;
  if (!isStarted)
    start(module);
  if (graph)
    return beforeLowered(op);
  if (llvm::none_of(functions, [](const Function &function) { return function.whyNot.empty(); }))
    return;
  before = module.clone();
  printBefore.emplace(module);
}

void Verifier::afterPass(Pass &pass, Operation *op) {
  if (graph && !brokenPromise)
    return afterLowered(pass, op);
  if (!before)
    return;
  OwningOpRef<ModuleOp> snapshot = std::move(before);
  ModuleOp module = moduleOf(op);
  ++passes;
  if (OperationFingerPrint(module) == *printBefore)
    return;
  if (!isAllGraph(module)) {
    graph = std::move(snapshot);
    leftBy = pass.getArgument();
    prints.clear();
    return afterLowered(pass, op);
  }
  ++changes;
  before = std::move(snapshot); // for checkFunction
  std::optional<NumericClass> declared = numericClassOf(pass);
  if (!declared)
    note("'" + pass.getArgument().str() + "' declares no numeric class: held to exact");
  for (Function &state : functions)
    if (state.whyNot.empty() && !brokenPromise) {
      auto function = module.lookupSymbol<func::FuncOp>(state.name);
      auto old = before->lookupSymbol<func::FuncOp>(state.name);
      if (!function || function.isDeclaration() || function.getNumArguments() != old.getNumArguments() ||
          function.getNumResults() != old.getNumResults())
        state.whyNot = "'" + pass.getArgument().str() + "' took it away or changed what it takes or gives";
      else
        checkFunction(pass, declared.value_or(NumericClass::Exact), function, state);
    }
  before = nullptr;
}

void Verifier::checkFunction(Pass &pass, NumericClass promised, func::FuncOp function, Function &state) {
  auto old = before->lookupSymbol<func::FuncOp>(state.name);
  EqualLayers layers = layersIn(old, function, state);
  for (Run &run : state.runs) {
    std::optional<Comparison> found;
    if (layers.count)
      found = compare(promised, old, function, run, &layers);
    bool isByLayers = found && found->difference.empty() && found->whyNot.empty();
    if (!isByLayers) { // All layers are evaluated, and decide.
      found.emplace();
      found->whyNot = makeResults(old, run);
      if (found->whyNot.empty())
        found = compare(promised, old, function, run, nullptr);
    }
    if (!found->whyNot.empty()) {
      state.whyNot = llvm::formatv("from '{0}' (pass {1}) on: {2}", pass.getArgument(), passes, found->whyNot);
      return;
    }
    if (!found->difference.empty())
      return breakPromise(pass, promised, function, run, found->result, found->difference);
    if (!found->drift.empty())
      note("'" + pass.getArgument().str() + "' (lossy) moves " + found->drift);
    ++state.comparisons;
    state.byLayers += isByLayers;
    if (!isByLayers)
      run.results = std::move(found->results);
    else if (promised != NumericClass::Exact)
      run.results.reset();
    ++checks;
  }
}

Verifier::Comparison Verifier::compare(NumericClass promised, func::FuncOp old, func::FuncOp now, const Run &run,
                                       const EqualLayers *layers) {
  Comparison comparison;
  Evaluation found = evaluate(now, run.sample.inputs, layers ? &layers->after : nullptr);
  std::optional<Evaluation> expected, exact; // where layers stand for others; in f64, once a result needs it
  if (layers && found.results)
    expected = evaluate(old, run.sample.inputs, &layers->before);
  if (found.isOutOfTime || (expected && expected->isOutOfTime)) {
    comparison.whyNot = usedUp();
    return comparison;
  }
  if (!found.results || (expected && !expected->results)) {
    comparison.difference = "cannot be evaluated any more: " + found.error;
    return comparison;
  }
  comparison.results = std::move(found.results);
  const SmallVector<Tensor> &results = expected ? *expected->results : *run.results;
  Drift most;
  unsigned moved = 0, mostMoved = 0;
  for (unsigned index = 0; index < results.size(); ++index) {
    const Tensor &after = (*comparison.results)[index], &then = results[index];
    std::string difference = differenceOf(after, then);
    if (difference.empty())
      continue;
    bool isLossy = promised == NumericClass::Lossy;
    if (after.getKind() == then.getKind() && after.getDims() == then.getDims() && promised != NumericClass::Exact && !isLossy) {
      if (!exact)
        exact = evaluator.run(old, run.sample.inputs, /*f64=*/true, nullptr, layers ? &layers->before : nullptr);
      if (!exact->results) {
        comparison.whyNot = exact->isOutOfTime ? usedUp() : "its bound could not be computed";
        return comparison;
      }
      difference = Bound(then, (*exact->results)[index], found.terms).differenceOf(after);
    } else if (isLossy && after.getKind() == then.getKind() && after.getDims() == then.getDims()) {
      difference.clear();
      Drift drift = driftBetween(after, then);
      ++moved;
      if (drift.share() >= most.share()) {
        most = drift;
        mostMoved = index;
      }
    }
    if (!difference.empty()) {
      comparison.difference = std::move(difference);
      comparison.result = index;
      return comparison;
    }
  }
  if (moved)
    comparison.drift = llvm::formatv("{0} of '{1}', '{2}' most of all: by up to {3:e2}, {4:e2} of the largest magnitude{5}",
                                     counted(moved, "result"), old.getName(), nameOfResult(now, mostMoved), most.distance,
                                     most.share(), layers ? "; two of its equal layers stood for all" : "");
  return comparison;
}

void Verifier::breakPromise(Pass &pass, NumericClass promised, func::FuncOp after, const Run &run, unsigned result,
                            const std::string &difference) {
  BlameFinder finder;
  auto old = before->lookupSymbol<func::FuncOp>(after.getName());
  evaluator.run(old, run.sample.inputs, false,
                [&](Operation *op, ArrayRef<Tensor>, ArrayRef<Tensor> results) { return finder.watchRight(op, results); });
  evaluator.run(after, run.sample.inputs, false,
                [&](Operation *op, ArrayRef<Tensor>, ArrayRef<Tensor> results) { return finder.watchDoubtful(op, results); });
  breakWith(pipelineOf(pass), brokenBy(pass, promised), after, *before, run.sample, placeOf(after, result), difference,
            finder.blame().value_or(blameProducer(after, result)));
}

void Verifier::breakWith(std::string pass, const std::string &what, func::FuncOp function, ModuleOp seen, const Sample &sample,
                         const std::string &where, const std::string &difference, const Blame &blame) {
  BrokenPromise promise;
  promise.pass = std::move(pass);
  promise.function = function.getName();
  promise.inputs = sample.inputs;
  for (unsigned k = 0; k < function.getNumArguments(); ++k)
    promise.inputNames.push_back(nameOfArgument(function, k));
  promise.message = what + "\nfunction '" + promise.function + "'" + where +
                    (sample.sizes.empty() ? "" : ", with " + sample.sizes) + ": " + difference + "\nmade by " + blame.op +
                    (blame.node.empty() ? "" : " at " + blame.node) + (blame.difference.empty() ? "" : ": " + blame.difference);
  llvm::raw_string_ostream stream(promise.before);
  seen.print(stream, OpPrintingFlags().enableDebugInfo());
  brokenPromise = std::move(promise);
  onBroken();
}

SmallVector<std::string> Verifier::report() const {
  SmallVector<std::string> lines;
  unsigned checked = 0;
  for (const Function &function : functions)
    checked += !function.runs.empty();
  lines.push_back(llvm::formatv("{0} passes, of which {1} changed something; {2} of {3} compared; {4:f1} s", passes, changes,
                                counted(checks, "run"), counted(checked, "function"), evaluator.getSpent()));
  if (loweredPasses)
    lines.push_back(
        llvm::formatv("below the graph dialect: {0} passes; {1} of host programs; {2} of {3} compared on {4}, at most "
                      "{5:f2} of what is allowed",
                      loweredPasses, counted(entryRuns, "run"), counted(formsChecked, "form"),
                      counted(kernels.all().size(), "kernel"), counted(kernelRuns, "call"), kernelShare));
  if (codeChecked)
    lines.push_back("machine code of kernels: compared on " + counted(codeChecked, "call") + ", at " +
                    llvm::join(levelsChecked, ", "));
  if (compiledChecks)
    lines.push_back(llvm::formatv("the compiled program against the module before '{0}': {1}, at most {2:f2} of what is allowed",
                                  leftBy, counted(compiledChecks, "run"), compiledShare));
  for (const Function &function : functions)
    if (function.byLayers)
      lines.push_back(llvm::formatv("'{0}': {1} equal layers, of which two were evaluated, in {2} of {3}", function.name,
                                    function.layers, function.byLayers, counted(function.comparisons, "comparison")));
  for (const std::string &line : notes)
    lines.push_back(line);
  for (const Function &function : functions)
    if (!function.whyNot.empty())
      lines.push_back("not checked: '" + function.name + "': " + function.whyNot);
  std::map<std::string, std::pair<unsigned, std::string>> reasons; // how many kernels, and their names
  for (const auto &entry : kernelsNotChecked) {
    auto &[count, names] = reasons[entry.second];
    if (++count <= 4)
      names += (count > 1 ? ", '" : "'") + entry.first().str() + "'";
  }
  for (const auto &[reason, kernels] : reasons)
    lines.push_back("not checked: " + counted(kernels.first, "kernel") + " (" + kernels.second +
                    (kernels.first > 4 ? ", ..." : "") + "): " + reason);
  if (isStarted && functions.empty() && kernels.all().empty())
    lines.push_back("not checked: the module has no public function of the graph dialect");
  if (graph && !compiledChecks)
    lines.push_back("not checked: machine code, as no program was compiled and run");
  return lines;
}
} // namespace tensel::verification
