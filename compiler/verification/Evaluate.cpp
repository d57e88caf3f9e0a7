// Which functions to look at, and which inputs to run them on.
#include "compiler/verification/TaskProgram.h"
#include "compiler/verification/Verifier.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {

/// By the executor for its form.
Evaluation Verifier::evaluate(func::FuncOp function, ArrayRef<Tensor> inputs, const Representatives *representatives) {
  if (!function->hasAttr("tensel.entry"))
    return evaluator.run(function, inputs, /*f64=*/false, nullptr, representatives);
  Evaluation evaluation;
  llvm::Expected<SmallVector<Tensor>> results = TaskProgram(function, kernels, evaluator.weights, representatives).run(inputs);
  if (results)
    evaluation.results = std::move(*results);
  else
    evaluation.error = llvm::toString(results.takeError());
  evaluation.isOutOfTime = evaluator.isUsedUp();
  return evaluation;
}

EqualLayers Verifier::layersIn(func::FuncOp before, func::FuncOp after, Function &state) {
  Evaluator::Charge charge(evaluator);
  LayeredFunction old(before);
  EqualLayers layers = equalLayers(old, before == after ? old : LayeredFunction(after), evaluator.weights);
  state.layers = std::max(state.layers, layers.count);
  return layers;
}

std::string Verifier::usedUp() const { return llvm::formatv("the budget of {0:f1} s is used up", options.seconds); }

std::string Verifier::makeResults(func::FuncOp function, Run &run) {
  if (run.results)
    return "";
  Evaluation found = evaluate(function, run.sample.inputs);
  if (found.isOutOfTime)
    return usedUp();
  if (!found.results)
    return "the reference cannot evaluate all of its layers: " + found.error;
  run.results = std::move(found.results);
  return "";
}

void Verifier::start(ModuleOp module) {
  isStarted = true;
  if (!isAllGraph(module) || llvm::any_of(*module.getBody(), [](Operation &op) { return isKernelPart(&op); })) {
    graph = module.clone();
    leftBy = "the start";
    kernels.learn(module);
  }
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isPrivate() || function.isDeclaration() || isKernelPart(function))
      continue;
    Function &state = functions.emplace_back();
    state.name = function.getName();
    chooseSamples(function, state);
  }
}

void Verifier::chooseSamples(func::FuncOp function, Function &state) {
  std::string error = "its inputs are too large, or of no type of the graph dialect";
  std::optional<Run> best;
  unsigned bestChoice = 0;
  llvm::StringSet<> tried;
  EqualLayers layers = layersIn(function, function, state);
  auto runOf = [&](Sample sample, Evaluation &found) {
    return layers.count ? Run{std::move(sample), {}} : Run{std::move(sample), std::move(found.results)};
  };
  for (unsigned choice = 0; choice < sizeChoiceCount(); ++choice) {
    auto sample = makeSample(function, choice, 0, options.seed, options.given);
    if (failed(sample) || !tried.insert(sample->sizes).second)
      continue;
    Evaluation found = evaluate(function, sample->inputs, &layers.before);
    if (found.isOutOfTime) {
      state.whyNot = llvm::formatv("evaluating it takes longer than the budget of {0:f1} s", options.seconds);
      break;
    }
    if (!found.results) {
      error = found.error;
      continue;
    }
    // Sizes so small that something is empty say little; larger ones may do.
    if (!best || !found.hasEmptyValue) {
      best = runOf(std::move(*sample), found);
      bestChoice = choice;
    }
    if (!found.hasEmptyValue || evaluator.getSpent() > options.seconds / 20)
      break;
  }
  if (!best) {
    state.whyNot = state.whyNot.empty() ? "the reference cannot evaluate it on generated inputs: " + error : state.whyNot;
    return;
  }
  state.whyNot.clear();
  state.runs.push_back(std::move(*best));
  // Other sizes and wilder numbers, where that is cheap and not all is given.
  if (evaluator.getSpent() > options.seconds / 20 || options.given.size() >= function.getNumArguments())
    return;
  auto sample = makeSample(function, bestChoice, 1, options.seed, options.given);
  if (failed(sample))
    return;
  if (Evaluation found = evaluate(function, sample->inputs, &layers.before); found.results)
    state.runs.push_back(runOf(std::move(*sample), found));
}

/// For a kernel that no run calls: a branch that is not taken, or a module of kernels alone.
void Verifier::chooseSamplesOfKernel(Kernel &kernel) {
  std::string error = "its inputs are too large";
  unsigned inputs = kernel.function.getNumArguments() - kernel.function.getNumResults();
  for (unsigned choice = 0; choice < sizeChoiceCount() && kernel.calls.empty() && !evaluator.isUsedUp(); ++choice) {
    auto sample = makeSample(kernel.function, choice, 0, options.seed, options.given);
    if (failed(sample))
      continue;
    Evaluation found = evaluator.run(kernel.function, sample->inputs);
    if (!found.results) {
      error = found.error;
      continue;
    }
    kernel.calls.push_back(
        {SmallVector<Tensor>(ArrayRef(sample->inputs).take_front(inputs)), *found.results, {}, found.terms, {}});
  }
  if (kernel.calls.empty())
    kernelsNotChecked[kernel.function.getName()] =
        "no run calls it, and the reference cannot evaluate it on generated inputs: " + error;
}
} // namespace tensel::verification
