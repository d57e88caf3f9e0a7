// What a graph's results must be: the reference's, and how far each element may be from it.
#ifndef TENSEL_TESTS_FUZZ_GRAPHS_ORACLE_H
#define TENSEL_TESTS_FUZZ_GRAPHS_ORACLE_H

#include "tests/fuzz/graphs/Graph.h"

namespace tensel::fuzz {

/// A result that a compilation must give.
struct Expected {
  reference::Tensor tensor;
  /// How far each element may be off. Infinite where rounding errors of ops before it decide it (a comparison of nearly equal
  /// numbers, a sum near overflow): such an element is undecided and not compared. Empty: equal to the last bit.
  std::vector<double> allowed;
};

/// Evaluates the graph, then again some times with every result of an op that may round differently (sums in another order,
/// approximated functions) moved within that op's bound. What moves by it may differ, by some times as much; what does not may not.
llvm::FailureOr<llvm::SmallVector<Expected>> expect(const verification::Case &graph);

/// Evaluates an op of a graph, those with regions too.
class Evaluator {
public:
  explicit Evaluator(WeightResolver &weights) : weights(weights) {}
  virtual ~Evaluator() = default;
  llvm::FailureOr<llvm::SmallVector<reference::Tensor>> runBlock(mlir::Block &block, llvm::ArrayRef<reference::Tensor> arguments);
  llvm::FailureOr<llvm::SmallVector<reference::Tensor>> run(mlir::Operation *op);

  llvm::DenseMap<mlir::Value, reference::Tensor> values;

protected:
  /// Called with each op's operands and results.
  virtual void changeResults(mlir::Operation *op, llvm::ArrayRef<reference::Tensor> operands,
                             llvm::SmallVectorImpl<reference::Tensor> &results) {}
  WeightResolver &weights;
};

/// Why `found` is not what was expected, or "". Adds to `compared` and `undecided` the numbers of elements.
std::string compare(const Expected &expected, const reference::Tensor &found, int64_t &compared, int64_t &undecided);

} // namespace tensel::fuzz
#endif // TENSEL_TESTS_FUZZ_GRAPHS_ORACLE_H
