// The reference, and the reference with rounding errors; see Oracle.h.
#include "tests/fuzz/graphs/Oracle.h"

#include "compiler/reference/ScalarOps.h"
#include "tests/fuzz/graphs/Rounding.h"
#include <array>
#include <cmath>
#include <random>

using namespace mlir;
using namespace tensel;
using namespace tensel::fuzz;
using reference::Kind;
using reference::Tensor;

constexpr int perturbedRuns = 8;
constexpr double safety = 8; // over the largest of the perturbed runs

namespace {
/// One evaluation in which every op that may round otherwise does.
class PerturbedRun {
public:
  PerturbedRun(WeightResolver &weights, int run, bool atEachStep)
      : weights(weights), run(run), kernels(atEachStep), random(run) {}

  FailureOr<SmallVector<Tensor>> evaluate(const verification::Case &graph) {
    auto around = [&](Operation *op, ArrayRef<Tensor> operands, llvm::function_ref<FailureOr<SmallVector<Tensor>>()> evaluate) {
      auto composite = dyn_cast<graph::CompositeOpInterface>(op);
      bool ownKernel = composite && composite.hasOwnKernel();
      kernels += ownKernel;
      auto results = evaluate();
      kernels -= ownKernel;
      // Composites are perturbed within: their definitions say where they round.
      if (succeeded(results) && !composite && !results->empty() && results->front().getCount())
        change(op, operands, results->front());
      return results;
    };
    return reference::Interpreter(weights, {.around = around}).run(graph.function(), graph.inputs);
  }

  bool isRounding = false; // some op rounds otherwise

private:
  void change(Operation *op, ArrayRef<Tensor> operands, Tensor &result) {
    OwningOpRef<Operation *> exact = withoutTruncation(op);
    Tensor from = result;
    if (exact) {
      auto sums = reference::Interpreter(weights).evaluate(exact.get(), operands);
      if (failed(sums))
        return;
      from = sums->front();
    }
    std::vector<double> bounds = boundsOf(weights, exact ? exact.get() : op, operands, from, {isRounding, kernels > 0});
    if (bounds.empty() || llvm::all_of(bounds, [](double bound) { return bound == 0; }))
      return;
    isRounding = true;
    std::vector<double> values = from.readAll<double>();
    for (auto [i, value] : llvm::enumerate(values))
      if (bounds[i] != 0)
        value = moved(from.getKind(), value, bounds[i], i);
    result = stored(result, values);
  }

  /// All of them up, all of them down, all of them to 0 where it is that near (what divides by it may be anything) or to another integer (a
  /// tanh may be 1 to the last bit, and equal to it); neighbours not alike in the other runs, in half of them somewhere within the bound.
  double moved(Kind kind, double value, double bound, size_t i) {
    uint64_t chosen = random();
    double direction = run == 0 ? 1 : run == 1 ? -1 : chosen % 2 ? 1 : -1;
    if (std::isinf(bound)) {
      // All of them finite in the first runs, so that what is NaN because of one of them shows.
      double largest = rangeOf(kind).largest, some = std::ldexp(static_cast<double>(chosen >> 11), -51) - 2;
      if (run == 0)
        return some;
      if (run == 1)
        return std::copysign(largest, some);
      return std::array{std::nan(""), undecided, -undecided, largest, -largest, some}[(run + i * 2654435761u / 128) % 6];
    }
    for (double round : {0.0, std::nearbyint(value)})
      if (run == 2 && std::abs(value - round) <= bound)
        return round;
    double share = run < perturbedRuns - 2 ? 1 : std::ldexp(static_cast<double>(chosen >> 11), -53);
    return std::isfinite(value) ? value + direction * share * bound : value;
  }

  /// The numbers as a tensor like another one.
  static Tensor stored(const Tensor &like, const std::vector<double> &values) {
    Tensor tensor(like.getKind(), like.getDims());
    if (reference::isFloat(like.getKind())) {
      tensor.writeAll(values);
      return tensor;
    }
    std::vector<uint64_t> truncated;
    for (double value : values)
      truncated.push_back(
          reference::toInteger(value, 8 * reference::bytesOf(like.getKind()), !reference::isUnsigned(like.getKind())));
    tensor.writeAll(truncated);
    return tensor;
  }

  WeightResolver &weights;
  int run;
  int kernels; // that the op at hand is part of
  std::mt19937_64 random;
};

bool areSame(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// Takes up how far an element is from what was expected.
void allow(Expected &one, const Tensor &moved) {
  one.allowed.resize(one.tensor.getCount());
  if (moved.getDims() != one.tensor.getDims()) {
    llvm::fill(one.allowed, undecided); // a data-dependent dim that rounding decides
    return;
  }
  bool isFloat = reference::isFloat(moved.getKind());
  for (int64_t i = 0; i < moved.getCount(); ++i) {
    double a = isFloat ? one.tensor.getDouble(i) : 0, c = isFloat ? moved.getDouble(i) : 0;
    if (isFloat ? areSame(a, c) : one.tensor.getInt(i) == moved.getInt(i))
      continue;
    double off = isFloat && std::isfinite(a) && std::isfinite(c) ? safety * std::abs(a - c) : undecided;
    one.allowed[i] = std::max(one.allowed[i], off);
  }
}
} // namespace

FailureOr<SmallVector<Expected>> tensel::fuzz::expect(const verification::Case &graph, bool atEachStep) {
  WeightResolver weights;
  auto exact = reference::Interpreter(weights).run(graph.function(), graph.inputs);
  if (failed(exact))
    return failure();
  SmallVector<Expected> expected;
  for (const Tensor &tensor : *exact)
    expected.push_back({verification::owned(tensor), {}});
  for (int run = 0; run < perturbedRuns; ++run) {
    PerturbedRun perturbed(weights, run, atEachStep);
    auto moved = perturbed.evaluate(graph);
    if (failed(moved))
      return failure();
    if (!perturbed.isRounding)
      break;
    for (auto [one, tensor] : llvm::zip_equal(expected, *moved))
      allow(one, tensor);
  }
  // Where something moved, the type's own rounding may fall to the other side, too; and what may be beyond the largest number may be infinite.
  for (Expected &one : expected) {
    FloatRange range = rangeOf(one.tensor.getKind());
    for (auto [i, allowed] : llvm::enumerate(one.allowed)) {
      if (!reference::isFloat(one.tensor.getKind()) || std::isinf(allowed) || !std::isfinite(one.tensor.getDouble(i)))
        continue;
      double magnitude = std::abs(one.tensor.getDouble(i)), rounding = magnitude * range.epsilon + range.least;
      bool mayOverflow = allowed > 0 && magnitude + allowed > range.largest;
      allowed = mayOverflow ? undecided : allowed + rounding;
    }
  }
  return expected;
}

std::string tensel::fuzz::compare(const Expected &expected, const Tensor &found, int64_t &compared, int64_t &undecided) {
  const Tensor &wanted = expected.tensor;
  std::string text;
  llvm::raw_string_ostream os(text);
  bool dimsDiffer = found.getKind() != wanted.getKind() || found.getDims() != wanted.getDims();
  if (dimsDiffer && !expected.allowed.empty() && llvm::all_of(expected.allowed, [](double x) { return std::isinf(x); }))
    return "";
  if (dimsDiffer) {
    auto write = [&](const Tensor &tensor) {
      os << reference::nameOf(tensor.getKind()) << " [";
      llvm::interleaveComma(tensor.getDims(), os);
      os << "]";
    };
    os << "found ";
    write(found);
    os << ", expected ";
    write(wanted);
    return text;
  }
  int64_t wrong = 0;
  for (int64_t i = 0; i < wanted.getCount(); ++i) {
    double allowed = expected.allowed.empty() ? 0 : expected.allowed[i];
    if (std::isinf(allowed)) {
      ++undecided;
      continue;
    }
    ++compared;
    if (!reference::isFloat(wanted.getKind())) {
      if (wanted.getInt(i) != found.getInt(i) && wrong++ < 4)
        os << "element " << i << " is " << found.getInt(i) << ", expected " << wanted.getInt(i) << "; ";
      continue;
    }
    double a = wanted.getDouble(i), c = found.getDouble(i);
    if (!areSame(a, c) && !(std::abs(a - c) <= allowed) && wrong++ < 4)
      os << "element " << i << " is " << c << ", expected " << a << " within " << allowed << "; ";
  }
  if (wrong)
    os << wrong << " of " << wanted.getCount() << " elements of " << reference::nameOf(wanted.getKind());
  return wrong ? text : "";
}
