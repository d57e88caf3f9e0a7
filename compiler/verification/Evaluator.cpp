// Evaluations that count their terms and their time; see Evaluator.h.
#include "compiler/verification/Evaluator.h"

#include "compiler/Diagnostics.h"
#include <cmath>

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
/// How many numbers are combined, one after another, into an element of the op's result: 1 unless the op says that it counts otherwise, then
/// K of a product of [M, K] and [K, N], and the quotient of the sizes of operand and result elsewhere.
double termsOf(Operation *op, ArrayRef<Tensor> operands, ArrayRef<Tensor> results) {
  if (!isa<graph::CostOpInterface>(op) || results.empty() || operands.empty())
    return 1;
  auto count = [](const Tensor &tensor) { return static_cast<double>(std::max<int64_t>(tensor.getCount(), 1)); };
  double terms = operands.size() == 1 ? count(operands[0]) / count(results[0])
                                      : std::sqrt(count(operands[0]) * count(operands[1]) / count(results[0]));
  // A product with packed weights d * q + m sums d * q and m apart, each up to twice as large as the weights, and they cancel.
  if (op->hasTrait<graph::AddsByteProducts>())
    terms *= 4;
  return std::max(terms, 1.0);
}
} // namespace

Evaluation Evaluator::run(func::FuncOp function, ArrayRef<Tensor> inputs, bool f64, Watch watch) {
  Evaluation evaluation;
  Charge charge(*this);
  reference::Options how;
  how.f64 = f64;
  how.watch = [&](Operation *op, ArrayRef<Tensor> operands, ArrayRef<Tensor> results) -> LogicalResult {
    double terms = termsOf(op, operands, results);
    if (auto rounding = dyn_cast<graph::QuantizeRowsOp>(op))
      evaluation.terms.steps += rounding.getBits() == 8 ? 1.0 / 127 : 1.0 / (127 * 256);
    evaluation.terms.sum += terms;
    evaluation.terms.longest = std::max(evaluation.terms.longest, terms);
    evaluation.hasEmptyValue |= llvm::any_of(results, [](const Tensor &tensor) { return tensor.getCount() == 0; });
    if (!watch && spent + charge.elapsed() > seconds) {
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
  return evaluation;
}
} // namespace tensel::verification
