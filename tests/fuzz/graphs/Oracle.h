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

/// Evaluates the graph, then again some times with every result of an op that may round differently (Rounding.h) moved within that op's
/// bound. What moves by it may differ, by some times as much; what does not may not. With `atEachStep`, every step of arithmetic may
/// round otherwise: what another implementation's definitions of the same ops may do.
llvm::FailureOr<llvm::SmallVector<Expected>> expect(const verification::Case &graph, bool atEachStep = false);

/// Why `found` is not what was expected, or "". Adds to `compared` and `undecided` the numbers of elements.
std::string compare(const Expected &expected, const reference::Tensor &found, int64_t &compared, int64_t &undecided);

} // namespace tensel::fuzz
#endif // TENSEL_TESTS_FUZZ_GRAPHS_ORACLE_H
