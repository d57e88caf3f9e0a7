// Evaluations that count their terms and their time; see Evaluator.h.
#include "compiler/verification/Evaluator.h"

#include "compiler/Diagnostics.h"
#include "compiler/reference/Families.h"
#include "llvm/Support/xxhash.h"
#include <cmath>

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
/// How many numbers are combined, one after another, into an element of the op's result: 1 unless the op says that it counts otherwise, then
/// K of a product of [M, K] and [K, N], and the quotient of the sizes of operand and result elsewhere. What is added where weights are packed
/// is larger than the result.
double longestOf(Operation *op, ArrayRef<Tensor> operands, ArrayRef<Tensor> results) {
  if (!isa<graph::CostOpInterface>(op) || results.empty() || operands.empty())
    return 1;
  if (auto product = dyn_cast<graph::BlockMatmulOp>(op))
    return reference::packedProductTerms(product, operands, results[0]);
  auto count = [](const Tensor &tensor) { return static_cast<double>(std::max<int64_t>(tensor.getCount(), 1)); };
  const double terms = operands.size() == 1 ? count(operands[0]) / count(results[0])
                                            : std::sqrt(count(operands[0]) * count(operands[1]) / count(results[0]));
  return std::max(terms, 1.0);
}

Terms termsOf(Operation *op, ArrayRef<Tensor> operands, ArrayRef<Tensor> results) {
  Terms terms;
  terms.sum = terms.longest = longestOf(op, operands, results);
  if (auto rounding = dyn_cast<graph::QuantizeRowsOp>(op))
    terms.steps = rounding.getBits() == 8 ? 1.0 / 127 : 1.0 / (127 * 256);
  return terms;
}

void add(Terms &terms, const Terms &more) {
  terms.sum += more.sum;
  terms.longest = std::max(terms.longest, more.longest);
  terms.steps += more.steps;
}

constexpr int64_t mostKnownBytes = int64_t(2) << 30;

/// Attributes and types are compared by their identity in the context, which does not change.
uint64_t keyOf(bool f64, Operation *op, ArrayRef<Tensor> operands) {
  SmallVector<uint64_t> parts = {f64, reinterpret_cast<uintptr_t>(op->getName().getAsOpaquePointer())};
  for (NamedAttribute attribute : op->getAttrs())
    if (attribute.getName() != "graph.dims") // what the dims are called
      parts.append({reinterpret_cast<uintptr_t>(attribute.getName().getAsOpaquePointer()),
                    reinterpret_cast<uintptr_t>(attribute.getValue().getAsOpaquePointer())});
  for (Type type : op->getResultTypes())
    parts.push_back(reinterpret_cast<uintptr_t>(type.getAsOpaquePointer()));
  for (const Tensor &operand : operands) {
    parts.push_back(static_cast<uint64_t>(operand.getKind()));
    parts.push_back(operand.getRank());
    parts.append(operand.getDims().begin(), operand.getDims().end());
    parts.push_back(llvm::xxh3_64bits(StringRef(operand.getData(), operand.getByteSize())));
  }
  return llvm::xxh3_64bits(StringRef(reinterpret_cast<const char *>(parts.data()), parts.size() * sizeof(uint64_t)));
}
} // namespace

Evaluator::Results Evaluator::once(bool f64, Terms &terms, Operation *op, ArrayRef<Tensor> operands,
                                   llvm::function_ref<Results()> evaluate) {
  if (operands.empty())
    return evaluate();
  uint64_t key = keyOf(f64, op, operands);
  if (auto place = known.find(key); place != known.end()) {
    add(terms, place->second.terms);
    return place->second.results;
  }
  Terms outer = std::exchange(terms, Terms());
  Results results = evaluate();
  ++evaluated;
  if (succeeded(results))
    add(terms, termsOf(op, operands, *results));
  Terms own = std::exchange(terms, outer); // with those of the ops that it is made of
  add(terms, own);
  if (failed(results))
    return results;
  for (const Tensor &result : *results)
    knownBytes += result.getByteSize();
  if (knownBytes > mostKnownBytes) {
    known.clear();
    knownBytes = 0;
  }
  known[key] = {*results, own};
  return results;
}

Evaluation Evaluator::run(func::FuncOp function, ArrayRef<Tensor> inputs, bool f64, Watch watch,
                          const Representatives *representatives) {
  Evaluation evaluation;
  Charge charge(*this);
  reference::Options how;
  how.f64 = f64;
  how.watch = [&](Operation *op, ArrayRef<Tensor> operands, ArrayRef<Tensor> results) -> LogicalResult {
    if (operands.empty() && !watch) // what `once` does not see
      add(evaluation.terms, termsOf(op, operands, results));
    evaluation.hasEmptyValue |= llvm::any_of(results, [](const Tensor &tensor) { return tensor.getCount() == 0; });
    if (!watch && spent + charge.elapsed() > seconds) {
      evaluation.isOutOfTime = true;
      return failure();
    }
    return watch ? watch(op, operands, results) : success();
  };
  DenseMap<Operation *, SmallVector<Tensor>> held; // what representatives gave
  if (!watch)
    how.around = [&](Operation *op, ArrayRef<Tensor> operands, llvm::function_ref<Results()> evaluate) -> Results {
      Operation *representative = representatives ? representatives->lookup(op) : nullptr;
      if (auto known = held.find(representative); known != held.end())
        return known->second;
      Results results = once(f64, evaluation.terms, op, operands, evaluate);
      if (representative == op && succeeded(results))
        held[op] = *results;
      return results;
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
