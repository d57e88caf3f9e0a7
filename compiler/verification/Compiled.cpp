// Machine code against the reference: kernel by kernel, which says whose code LLVM has made wrong, and then the whole program, in which
// also its parts have to fit.
#include "compiler/verification/Blame.h"
#include "compiler/verification/KernelCode.h"
#include "compiler/verification/Verifier.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {

void Verifier::breakCode(StringRef level, Kernel &kernel, const KernelCall &call, const std::string &difference) {
  BrokenPromise promise;
  std::string name = kernel.function.getName().str();
  promise.function = functions.empty() ? name : functions.front().name;
  if (!functions.empty() && !functions.front().runs.empty()) {
    promise.inputs = functions.front().runs.front().sample.inputs;
    auto function = graph->lookupSymbol<func::FuncOp>(promise.function);
    for (unsigned k = 0; function && k < function.getNumArguments(); ++k)
      promise.inputNames.push_back(nameOfArgument(function, k));
  }
  promise.message = "the machine code of kernel '" + name + "' at " + level.str() +
                    " differs from the reference by more than rounding, what it is made from does not: LLVM's passes or its code "
                    "generation are wrong\nkernel '" +
                    name + "' on " + describeTypes(call.inputs) + ": " + difference +
                    (kernel.nodes.empty() ? "" : "\nmade by the nodes " + kernel.nodes);
  llvm::raw_string_ostream stream(promise.before);
  graph->print(stream, OpPrintingFlags().enableDebugInfo());
  brokenPromise = std::move(promise);
  onBroken();
}

llvm::Error Verifier::checkMachineCode(StringRef level, FindCode find) {
  levelsChecked.push_back(level.str());
  for (auto &entry : kernels.all()) {
    Kernel &kernel = entry.second;
    if (brokenPromise || evaluator.isUsedUp())
      return verdict();
    for (KernelCall &call : kernel.calls) {
      // A kernel that -tensel-plan-memory has replaced has no code.
      llvm::Expected<void *> run = find(entry.first()), count = find((entry.first() + "_count").str());
      if (!run || !count) {
        llvm::consumeError(run.takeError());
        llvm::consumeError(count.takeError());
        break;
      }
      if (!kernels.makeExact(kernel, call))
        break;
      Evaluator::Charge charge(evaluator);
      llvm::Expected<SmallVector<Tensor>> found = runClosure(*run, *count, kernel, call);
      if (!found) {
        breakCode(level, kernel, call, llvm::toString(found.takeError()));
        return verdict();
      }
      for (auto [index, result] : llvm::enumerate(*found)) {
        std::string difference = Bound(call.results[index], (*call.exact)[index], call.terms).differenceOf(result);
        if (difference.empty())
          continue;
        breakCode(level, kernel, call, difference);
        return verdict();
      }
      ++codeChecked;
    }
  }
  return llvm::Error::success();
}

llvm::Error Verifier::checkCompiled(StringRef level, RunCompiled run) {
  if (!graph || brokenPromise)
    return verdict();
  for (Function &state : functions) {
    if (!state.whyNot.empty())
      continue;
    auto function = graph->lookupSymbol<func::FuncOp>(state.name);
    if (!function || !isAllGraph(function))
      continue;
    for (Run &known : state.runs) {
      if (std::string whyNot = makeResults(function, known); !whyNot.empty()) {
        state.whyNot = "the compiled program: " + whyNot;
        break;
      }
      Evaluation exact = evaluator.run(function, known.sample.inputs, /*f64=*/true);
      if (!exact.results) {
        state.whyNot = exact.isOutOfTime ? "the compiled program: " + usedUp()
                                         : "the compiled program: the reference in f64 fails: " + exact.error;
        break;
      }
      llvm::Expected<SmallVector<Tensor>> found = run(state.name, known.sample.inputs);
      if (!found)
        return found.takeError();
      if (found->size() != known.results->size())
        return llvm::createStringError("the compiled function '" + state.name + "' gives " + std::to_string(found->size()) +
                                       " results, expected " + std::to_string(known.results->size()));
      for (unsigned index = 0; index < found->size(); ++index) {
        Bound bound((*known.results)[index], (*exact.results)[index], exact.terms);
        std::string difference = bound.differenceOf((*found)[index]);
        compiledShare = std::max(compiledShare, bound.shareOf((*found)[index]));
        if (difference.empty())
          continue;
        breakWith("",
                  "the compiled program at " + level.str() + " differs from the reference by more than rounding: a pass from '" +
                      leftBy + "' on is wrong",
                  function, *graph, known.sample, placeOf(function, index), difference, blameProducer(function, index));
        return verdict();
      }
      ++compiledChecks;
    }
  }
  return llvm::Error::success();
}
} // namespace tensel::verification
