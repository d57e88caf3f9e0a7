// The order in which edits are tried; see Reduce.h. The edits are in Case.cpp.
#include "compiler/verification/Reduce.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include <chrono>
#include <set>

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
using Clock = std::chrono::steady_clock;

class Reducer {
public:
  Reducer(Case failing, llvm::function_ref<bool(const Case &)> fails, const ReduceOptions &options)
      : best(std::move(failing)), fails(fails), testsLeft(options.mostTests),
        end(Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds))) {}

  Case run() {
    attempt([](Case &one) { return keepFunction(one, one.function().getName()); });
    attempt(makeStatic);
    keepOneResult();
    findEnd();
    findBeginning();
    for (bool isSmaller = true; isSmaller;) {
      isSmaller = cutRuns();
      isSmaller |= cutSingly();
      isSmaller |= keepOneResult();
    }
    shrinkDims();
    return std::move(best);
  }

private:
  /// Keeps what the edit makes of the best case, if that fails too.
  bool attempt(llvm::function_ref<bool(Case &)> edit) {
    if (testsLeft == 0 || Clock::now() > end)
      return false;
    ScopedDiagnosticHandler quiet(best.module.get().getContext(), [](Diagnostic &) { return success(); });
    Case candidate = best.clone();
    if (!edit(candidate) || failed(mlir::verify(*candidate.module)))
      return false;
    --testsLeft;
    if (!fails(candidate))
      return false;
    best = std::move(candidate);
    return true;
  }

  /// The same, where the case gets fewer ops.
  bool attemptFewer(llvm::function_ref<bool(Case &)> edit) {
    size_t ops = best.countOps();
    return attempt([&](Case &one) { return edit(one) && one.countOps() < ops; });
  }

  size_t size() const { return best.body().getOperations().size() - 1; }

  bool keepOneResult() {
    unsigned results = best.function().getNumResults();
    for (unsigned r = 0; r < results && results > 1; ++r)
      if (attempt([&](Case &one) {
            returnOnly(one, one.body().getTerminator()->getOperand(r));
            return true;
          }))
        return true;
    return false;
  }

  /// The shortest beginning that fails by what is live at its end: a wrong value stays wrong from there on, so halving finds it.
  void findEnd() {
    for (size_t good = 0, bad = size(); bad - good > 1;) {
      size_t middle = good + (bad - good) / 2;
      if (attempt([&](Case &one) { return keepBefore(one, middle); })) {
        // What is dead before the middle has gone too, so positions are others now.
        good = 0;
        bad = size();
      } else {
        good = middle;
      }
    }
    keepOneResult();
  }

  /// The longest beginning whose values can be inputs.
  void findBeginning() {
    for (size_t tooLong = size(); tooLong > 1;)
      tooLong = cutRun(0, tooLong / 2) ? size() : tooLong / 2;
  }

  bool cutRuns() {
    bool isSmaller = false;
    for (size_t length = std::max<size_t>(size() / 2, 1); length > 0; length /= 2)
      for (size_t run = size() / length + 1; run-- > 0;)
        isSmaller |= cutRun(run * length, length);
    return isSmaller;
  }

  bool cutRun(size_t first, size_t length) {
    SmallVector<size_t> positions;
    for (auto [position, op] : llvm::enumerate(best.body().without_terminator()))
      // Shapes, bounds and the like say more as what they are.
      if (position >= first && position < first + length &&
          !(isa<graph::ConstantOp>(op) && getElementTypeOrSelf(op.getResult(0)).isInteger(64)))
        positions.push_back(position);
    if (positions.empty())
      return false;
    std::optional<BodyValues> values = evaluateBody(best);
    return values && attemptFewer([&](Case &one) { return cutToInputs(one, positions, *values); });
  }

  bool cutSingly() {
    bool isSmaller = false;
    for (size_t position = size(); position-- > 0;) {
      if (position >= size())
        continue;
      std::optional<BodyValues> values = evaluateBody(best);
      isSmaller |= values && attemptFewer([&](Case &one) { return cutToConstants(one, position, *values); });
    }
    for (size_t n = best.countOps(); n-- > 0;)
      for (unsigned operand = 0; operand < 3; ++operand)
        if (n < best.countOps() && attemptFewer([&](Case &one) { return bypass(one, n, operand); })) {
          isSmaller = true;
          break;
        }
    return isSmaller;
  }

  /// Each dim as small as it may be: 1, 2, half, one less. Dims of one size shrink together, as they are mostly equal for a reason.
  void shrinkDims() {
    std::set<int64_t, std::greater<>> sizes;
    for (const Tensor &input : best.inputs)
      sizes.insert(input.getDims().begin(), input.getDims().end());
    for (int64_t dim : sizes) {
      for (bool isSmaller = dim > 1; isSmaller;) {
        isSmaller = false;
        for (int64_t to : {int64_t(1), int64_t(2), dim / 2, dim - 1})
          for (bool constants : {false, true})
            if (!isSmaller && to > 0 && to < dim && attempt([&](Case &one) { return shrinkDim(one, dim, to, constants); })) {
              dim = to;
              isSmaller = dim > 1;
            }
      }
    }
  }

  Case best;
  llvm::function_ref<bool(const Case &)> fails;
  unsigned testsLeft;
  Clock::time_point end;
};
} // namespace

Case reduce(const Case &failing, llvm::function_ref<bool(const Case &)> fails, const ReduceOptions &options) {
  return Reducer(failing.clone(), fails, options).run();
}
} // namespace tensel::verification
