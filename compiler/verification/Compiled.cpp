// The compiled program against the reference: every phase below the graph dialect at once.
#include "compiler/verification/Blame.h"
#include "compiler/verification/Compare.h"
#include "compiler/verification/Verifier.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {

llvm::Error Verifier::checkCompiled(RunCompiled run) {
  if (!graph || brokenPromise)
    return verdict();
  for (Function &state : functions) {
    if (!state.whyNot.empty())
      continue;
    auto function = graph->lookupSymbol<func::FuncOp>(state.name);
    if (!function || !isAllGraph(function))
      continue;
    for (Run &known : state.runs) {
      Evaluation exact = evaluator.run(function, known.sample.inputs, /*f64=*/true);
      if (!exact.results) {
        state.whyNot = exact.isOutOfTime ? "the compiled program: the budget is used up"
                                         : "the compiled program: the reference in f64 fails: " + exact.error;
        break;
      }
      llvm::Expected<SmallVector<Tensor>> found = run(state.name, known.sample.inputs);
      if (!found)
        return found.takeError();
      if (found->size() != known.results.size())
        return llvm::createStringError("the compiled function '" + state.name + "' gives " + std::to_string(found->size()) +
                                       " results, expected " + std::to_string(known.results.size()));
      for (unsigned index = 0; index < found->size(); ++index) {
        Bound bound(known.results[index], (*exact.results)[index], exact.terms);
        std::string difference = bound.differenceOf((*found)[index]);
        compiledShare = std::max(compiledShare, bound.shareOf((*found)[index]));
        if (difference.empty())
          continue;
        breakWith(
            "", "the compiled program differs from the reference by more than rounding: a pass from '" + leftBy + "' on is wrong",
            function, *graph, known, index, difference, blameProducer(function, index));
        return verdict();
      }
      ++compiledChecks;
    }
  }
  return llvm::Error::success();
}
} // namespace tensel::verification
