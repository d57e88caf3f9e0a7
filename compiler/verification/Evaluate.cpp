// Which inputs to run a function on, and running it inside the budget of time.
#include "compiler/Diagnostics.h"
#include "compiler/verification/Verifier.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include <chrono>
#include <cmath>

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
double secondsNow() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// How many numbers are combined, one after another, into an element of the op's result: 1 unless the op says that it counts otherwise, then
/// K of a product of [M, K] and [K, N], and the quotient of the sizes of operand and result elsewhere.
double termsOf(Operation *op, ArrayRef<Tensor> operands, ArrayRef<Tensor> results) {
  if (!isa<graph::CostOpInterface>(op) || results.empty() || operands.empty())
    return 1;
  auto count = [](const Tensor &tensor) { return static_cast<double>(std::max<int64_t>(tensor.getCount(), 1)); };
  double terms = operands.size() == 1 ? count(operands[0]) / count(results[0])
                                      : std::sqrt(count(operands[0]) * count(operands[1]) / count(results[0]));
  return std::max(terms, 1.0);
}
} // namespace

Verifier::Evaluation Verifier::evaluate(func::FuncOp function, ArrayRef<Tensor> inputs, bool f64, Watch watch) {
  Evaluation evaluation;
  double start = secondsNow();
  reference::Options how;
  how.f64 = f64;
  how.watch = [&](Operation *op, ArrayRef<Tensor> operands, ArrayRef<Tensor> results) -> LogicalResult {
    double terms = termsOf(op, operands, results);
    if (auto rounding = dyn_cast<graph::QuantizeRowsOp>(op))
      evaluation.terms.steps += rounding.getBits() == 8 ? 1.0 / 127 : 1.0 / (127 * 256);
    evaluation.terms.sum += terms;
    evaluation.terms.longest = std::max(evaluation.terms.longest, terms);
    evaluation.hasEmptyValue |= llvm::any_of(results, [](const Tensor &tensor) { return tensor.getCount() == 0; });
    // Who finds the one to blame has the time that it takes.
    if (!watch && spent + secondsNow() - start > options.seconds) {
      evaluation.isOutOfTime = true;
      return failure();
    }
    return watch ? watch(op, operands, results) : success();
  };
  DiagnosticCollector diagnostics(function.getContext());
  auto results = reference::Interpreter(weights, how).run(function, inputs);
  if (succeeded(results))
    evaluation.results = std::move(*results);
  else
    evaluation.error = diagnostics.message();
  spent += secondsNow() - start;
  return evaluation;
}

void Verifier::start(ModuleOp module) {
  isStarted = true;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isPrivate() || function.isDeclaration())
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
  for (unsigned choice = 0; choice < sizeChoiceCount(); ++choice) {
    auto sample = makeSample(function, choice, 0, options.seed, options.given);
    if (failed(sample) || !tried.insert(sample->sizes).second)
      continue;
    Evaluation found = evaluate(function, sample->inputs);
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
      best = Run{std::move(*sample), std::move(*found.results)};
      bestChoice = choice;
    }
    if (!found.hasEmptyValue || spent > options.seconds / 20)
      break;
  }
  if (!best) {
    state.whyNot = state.whyNot.empty() ? "the reference cannot evaluate it on generated inputs: " + error : state.whyNot;
    return;
  }
  state.whyNot.clear();
  state.runs.push_back(std::move(*best));
  // Other sizes and wilder numbers, where that is cheap.
  if (spent > options.seconds / 20)
    return;
  auto sample = makeSample(function, bestChoice, 1, options.seed, options.given);
  if (failed(sample))
    return;
  if (Evaluation found = evaluate(function, sample->inputs); found.results)
    state.runs.push_back({std::move(*sample), std::move(*found.results)});
}
} // namespace tensel::verification
