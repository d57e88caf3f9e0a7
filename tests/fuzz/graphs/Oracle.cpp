// The reference, and the reference with rounding errors; see Oracle.h.
#include "tests/fuzz/graphs/Oracle.h"

#include "compiler/verification/Compare.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"
#include <array>
#include <cmath>
#include <limits>
#include <random>

using namespace mlir;
using namespace tensel;
using namespace tensel::fuzz;
using reference::Kind;
using reference::Tensor;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int perturbedRuns = 6;
constexpr double safety = 8; // over the largest of the perturbed runs

FailureOr<SmallVector<Tensor>> Evaluator::runBlock(Block &block, ArrayRef<Tensor> arguments) {
  for (auto [argument, tensor] : llvm::zip_equal(block.getArguments(), arguments))
    values[argument] = tensor;
  for (Operation &op : block.without_terminator()) {
    auto results = run(&op);
    if (failed(results))
      return failure();
    for (auto [value, tensor] : llvm::zip_equal(op.getResults(), *results))
      values[value] = tensor;
  }
  SmallVector<Tensor> results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(values.at(value));
  return results;
}

/// The carried values after the last iteration, then the scan outputs stacked.
static FailureOr<SmallVector<Tensor>> runLoop(Evaluator &evaluator, graph::LoopOp op, ArrayRef<Tensor> operands) {
  SmallVector<Tensor> carried(operands.drop_front(2));
  size_t scans = op->getNumResults() - carried.size();
  SmallVector<SmallVector<Tensor>> scanned(scans);
  bool goesOn = operands[1].getInt(0) != 0;
  for (int64_t i = 0; i < operands[0].getInt(0) && goesOn; ++i) {
    SmallVector<Tensor> arguments = {Tensor::of(Kind::I64, {}, ArrayRef<int64_t>(i))};
    arguments.append(carried);
    auto yielded = evaluator.runBlock(op.getBody().front(), arguments);
    if (failed(yielded))
      return failure();
    goesOn = (*yielded)[0].getInt(0) != 0;
    carried.assign(yielded->begin() + 1, yielded->begin() + 1 + carried.size());
    for (size_t s = 0; s < scans; ++s)
      scanned[s].push_back((*yielded)[1 + carried.size() + s]);
  }
  // Without an iteration: the dims that the first one would have given.
  SmallVector<Tensor> first;
  if (scans && scanned[0].empty()) {
    SmallVector<Tensor> arguments = {Tensor::of(Kind::I64, {}, ArrayRef<int64_t>(0))};
    arguments.append(carried);
    auto yielded = evaluator.runBlock(op.getBody().front(), arguments);
    if (failed(yielded))
      return failure();
    first.append(yielded->end() - scans, yielded->end());
  }
  for (auto [s, parts] : llvm::enumerate(scanned)) {
    auto type = cast<RankedTensorType>(op->getResultTypes()[carried.size()]);
    SmallVector<int64_t> dims = {static_cast<int64_t>(parts.size())};
    llvm::append_range(dims, (parts.empty() ? first[s] : parts[0]).getDims());
    Tensor stacked(*reference::kindOf(type.getElementType()), dims);
    char *to = stacked.getMutableData();
    for (const Tensor &part : parts)
      to = llvm::copy(part.getBytes(), to);
    carried.push_back(stacked);
  }
  return carried;
}

FailureOr<SmallVector<Tensor>> Evaluator::run(Operation *op) {
  SmallVector<Tensor> operands;
  for (Value operand : op->getOperands())
    operands.push_back(values.at(operand));
  if (auto choice = dyn_cast<graph::IfOp>(op))
    return runBlock((operands[0].getInt(0) ? choice.getThenRegion() : choice.getElseRegion()).front(), {});
  if (auto loop = dyn_cast<graph::LoopOp>(op))
    return runLoop(*this, loop, operands);
  auto results = reference::Interpreter(weights).evaluate(op, operands);
  if (succeeded(results))
    changeResults(op, operands, *results);
  return results;
}

namespace {
/// The distance from 1 to the next number.
double epsilonOf(Kind kind) { return 2 * verification::unitRoundoff(kind); }
double largestOf(Kind kind) { return kind == Kind::F64 ? 1.7976931348623157e308 : kind == Kind::F16 ? 65504 : 3.3895e38; }
double leastOf(Kind kind) {
  return kind == Kind::F64 ? 0x1p-1074 : kind == Kind::F16 ? 0x1p-24 : kind == Kind::BF16 ? 0x1p-133 : 0x1p-149;
}

/// Of functions that compiled code approximates: the error in units of the last place of the type it computes in (f32 at least).
double approximationOf(Operation *op) {
  return llvm::StringSwitch<double>(op->getName().stripDialect())
      .Cases({"exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan"}, 4)
      .Cases({"sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "sigmoid", "pow"}, 4)
      .Default(0);
}

/// The sums of magnitudes behind each element of a sum, and how many terms it has at most; nothing where the op adds nothing up.
struct Sum {
  Tensor magnitudes;
  int64_t terms;
  bool isIntegral;
};

Tensor magnitude(const Tensor &tensor, bool &isIntegral) {
  std::vector<double> values = tensor.readAll<double>();
  for (double &value : values) {
    // What is not finite decides its sums in any order.
    value = std::isfinite(value) ? std::abs(value) : 0;
    isIntegral &= value == std::floor(value);
  }
  Tensor result(Kind::F64, tensor.getDims());
  result.writeAll(values);
  return result;
}

/// Where a product of elements, taken in some order, may leave the range of numbers on the way.
std::vector<bool> mayOverflow(WeightResolver &weights, Operation *op, const Tensor &operand, Kind computed) {
  std::vector<bool> may;
  auto extremes = [&](bool large) {
    std::vector<double> values = operand.readAll<double>();
    for (double &value : values) {
      value = std::isfinite(value) && value != 0 ? std::abs(value) : 1;
      value = large ? std::max(value, 1.0) : std::min(value, 1.0);
    }
    Tensor tensor(Kind::F64, operand.getDims());
    tensor.writeAll(values);
    auto found = reference::Interpreter(weights, {.f64 = true}).evaluate(op, tensor);
    return failed(found) ? std::vector<double>() : (*found)[0].readAll<double>();
  };
  double least = computed == Kind::F64 ? 0x1p-1020 : 0x1p-124;
  for (auto [high, low] : llvm::zip_equal(extremes(true), extremes(false)))
    may.push_back(!(high < largestOf(computed) / 4) || !(low > least));
  return may;
}

std::optional<Sum> sumBehind(WeightResolver &weights, Operation *op, ArrayRef<Tensor> operands) {
  int64_t used = isa<graph::MatmulOp, graph::ConvOp, graph::BlockedMatmulOp>(op) ? 2 : 1;
  bool isSum = used == 2;
  auto kindSums = [](graph::ReduceKind kind) { return kind == graph::ReduceKind::sum || kind == graph::ReduceKind::mean; };
  if (auto reduce = dyn_cast<graph::ReduceOp>(op))
    isSum = kindSums(reduce.getKind());
  if (auto pool = dyn_cast<graph::PoolOp>(op))
    isSum = kindSums(pool.getKind());
  if (auto cumulate = dyn_cast<graph::CumulateOp>(op))
    isSum = kindSums(cumulate.getKind());
  if (auto resize = dyn_cast<graph::ResizeOp>(op))
    isSum = resize.getMode() != graph::ResizeMode::nearest;
  if (!isSum || !reference::isFloat(operands[0].getKind()))
    return std::nullopt;
  Sum sum = {{}, 0, true};
  SmallVector<Tensor> magnitudes;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    bool isAdded = static_cast<int64_t>(i) < used && reference::isFloat(operand.getKind());
    magnitudes.push_back(isAdded ? magnitude(operand, sum.isIntegral) : operand);
    if (isAdded)
      sum.terms = std::max(sum.terms, operand.getCount());
  }
  sum.terms = std::min<int64_t>(sum.terms, 4096);
  sum.isIntegral &= !isa<graph::ResizeOp>(op);
  // In f64: nothing overflows on the way.
  auto found = reference::Interpreter(weights, {.f64 = true}).evaluate(op, magnitudes);
  if (failed(found))
    return std::nullopt;
  sum.magnitudes = (*found)[0];
  return sum;
}

double largestMagnitude(const Tensor &tensor) {
  double largest = 0;
  for (double value : tensor.readAll<double>())
    largest = std::isfinite(value) ? std::max(largest, std::abs(value)) : largest;
  return largest;
}

class PerturbedEvaluator : public Evaluator {
public:
  PerturbedEvaluator(WeightResolver &weights, uint64_t run) : Evaluator(weights), run(run), random(run) {}

  bool isRounding = false; // some op rounds otherwise

protected:
  void changeResults(Operation *op, ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) override {
    if (results.empty() || results[0].getCount() == 0)
      return;
    if (auto resize = dyn_cast<graph::ResizeOp>(op); resize && !reference::isFloat(results[0].getKind()))
      return changeTruncated(resize, operands, results[0]);
    if (!reference::isFloat(results[0].getKind()))
      return;
    Kind kind = results[0].getKind();
    double unit = epsilonOf(kind == Kind::F64 ? Kind::F64 : Kind::F32);
    double stored = unit == epsilonOf(kind) ? 0 : epsilonOf(kind);
    std::vector<double> values = results[0].readAll<double>(), bounds;
    bool isPeriodic = isa<graph::SinOp, graph::CosOp, graph::TanOp, graph::RemOp, graph::ModOp>(op);
    if (isPeriodic && isRounding) {
      // Where the quotient is large, a rounding error of the dividend decides about everything.
      for (double quotient : quotientsOf(op, operands))
        bounds.push_back(std::abs(quotient) * unit * 4096 > 1 ? infinity : 0);
      if (double places = approximationOf(op))
        for (auto [bound, value] : llvm::zip_equal(bounds, values))
          bound += std::abs(value) * (places * unit + stored) + leastOf(kind);
    } else if (double places = approximationOf(op)) {
      for (double value : values)
        bounds.push_back(std::abs(value) * (places * unit + stored) + leastOf(kind));
    } else if (isProduct(op)) {
      std::vector<bool> leaves = mayOverflow(weights, op, operands[0], kind == Kind::F64 ? kind : Kind::F32);
      for (auto [i, value] : llvm::enumerate(values))
        bounds.push_back(leaves.at(i) ? infinity : std::abs(value) * (64 * unit + stored) + leastOf(kind));
    } else if (isa<graph::BlockMatmulOp>(op)) {
      // Its terms are sums of integers: exact, but not seen from outside.
      bool isLarge = largestMagnitude(results[0]) > 1e30 || llvm::any_of(values, [](double x) { return !std::isfinite(x); });
      bounds.assign(values.size(), isLarge ? infinity : 256 * unit * largestMagnitude(results[0]));
    } else if (auto sum = sumBehind(weights, op, operands)) {
      double terms = static_cast<double>(sum->terms);
      std::vector<double> magnitudes = sum->magnitudes.readAll<double>();
      // Weights of both signs: what cancels in one element of the magnitudes does not in its terms.
      if (auto resize = dyn_cast<graph::ResizeOp>(op); resize && resize.getMode() == graph::ResizeMode::cubic)
        llvm::fill(magnitudes, largestMagnitude(operands[0]));
      for (auto [value, of] : llvm::zip_equal(values, magnitudes)) {
        if (sum->isIntegral && of * 2 < 1 / unit && !isMean(op)) {
          bounds.push_back(0); // exact in any order
          continue;
        }
        double bound = of * unit * (2 + std::sqrt(terms)) + std::abs(value) * stored + leastOf(kind);
        bounds.push_back(of * (isMean(op) ? terms : 1) > largestOf(kind) / 4 ? infinity : bound);
      }
    } else {
      return;
    }
    for (auto [i, value] : llvm::enumerate(values)) {
      double bound = bounds[i];
      if (bound == 0)
        continue;
      isRounding = true;
      double direction = random() % 2 ? 1 : -1;
      if (std::isinf(bound)) // each of what it may be in one of the runs, and neighbours not alike
        value =
            std::array{std::nan(""), infinity, -infinity, largestOf(kind), -largestOf(kind)}[(run + i * 2654435761u / 128) % 5];
      else if (std::isfinite(value))
        value += direction * bound;
      else if (std::isinf(value) && random() % 2 && approximationOf(op))
        value = std::copysign(largestOf(kind), value); // just below the overflow
    }
    Tensor changed(kind, results[0].getDims());
    changed.writeAll(values);
    results[0] = changed;
  }

private:
  /// Weighted sums of integers are truncated: one that is nearly whole may go either way.
  void changeTruncated(graph::ResizeOp op, ArrayRef<Tensor> operands, Tensor &result) {
    if (op.getMode() == graph::ResizeMode::nearest)
      return;
    OwningOpRef<Operation *> exact(op->clone());
    exact.get()->getResult(0).setType(cast<RankedTensorType>(op.getType()).clone(Float64Type::get(op.getContext())));
    auto sums = reference::Interpreter(weights).evaluate(exact.get(), operands);
    if (failed(sums))
      return;
    std::vector<int64_t> values = result.readAll<int64_t>();
    for (auto [value, sum] : llvm::zip_equal(values, (*sums)[0].readAll<double>())) {
      isRounding = true;
      if (std::abs(sum - std::nearbyint(sum)) <= 1e-9 + std::abs(sum) * 0x1p-45)
        value += static_cast<int64_t>(random() % 3) - 1;
    }
    Tensor changed(result.getKind(), result.getDims());
    changed.writeAll(values);
    result = changed;
  }
  /// How many periods a dividend or an angle has.
  std::vector<double> quotientsOf(Operation *op, ArrayRef<Tensor> operands) {
    if (operands.size() == 1)
      return operands[0].readAll<double>();
    OperationState div(op->getLoc(), graph::DivOp::getOperationName(), op->getOperands(), op->getResultTypes());
    OwningOpRef<Operation *> division(Operation::create(div));
    auto found = reference::Interpreter(weights, {.f64 = true}).evaluate(division.get(), operands);
    return failed(found) ? std::vector<double>() : (*found)[0].readAll<double>();
  }
  static bool isMean(Operation *op) {
    if (auto pool = dyn_cast<graph::PoolOp>(op))
      return pool.getKind() == graph::ReduceKind::mean;
    auto reduce = dyn_cast<graph::ReduceOp>(op);
    return reduce && reduce.getKind() == graph::ReduceKind::mean;
  }
  static bool isProduct(Operation *op) {
    if (auto reduce = dyn_cast<graph::ReduceOp>(op))
      return reduce.getKind() == graph::ReduceKind::prod;
    auto cumulate = dyn_cast<graph::CumulateOp>(op);
    return cumulate && cumulate.getKind() == graph::ReduceKind::prod;
  }

  uint64_t run;
  std::mt19937_64 random;
};

bool areSame(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }
} // namespace

FailureOr<SmallVector<Expected>> tensel::fuzz::expect(const verification::Case &graph) {
  WeightResolver weights;
  auto exact = reference::Interpreter(weights).run(graph.function(), graph.inputs);
  if (failed(exact))
    return failure();
  SmallVector<Expected> expected;
  for (const Tensor &tensor : *exact)
    expected.push_back({verification::owned(tensor), {}});
  // Composites are perturbed within: their definitions say where they round.
  verification::Case parts = graph.clone();
  PassManager passes(parts.module->getContext());
  if (failed(parsePassPipeline("tensel-decompose{all=true}", passes)) || failed(passes.run(*parts.module)))
    return failure();
  for (int run = 0; run < perturbedRuns; ++run) {
    PerturbedEvaluator evaluator(weights, run + 1);
    auto moved = evaluator.runBlock(parts.function().getBody().front(), graph.inputs);
    if (failed(moved))
      return failure();
    if (!evaluator.isRounding)
      break;
    for (auto [one, tensor] : llvm::zip_equal(expected, *moved)) {
      one.allowed.resize(one.tensor.getCount());
      if (tensor.getDims() != one.tensor.getDims()) {
        llvm::fill(one.allowed, infinity); // a data-dependent dim that rounding decides
        continue;
      }
      bool isFloat = reference::isFloat(tensor.getKind());
      for (int64_t i = 0; i < tensor.getCount(); ++i) {
        double a = isFloat ? one.tensor.getDouble(i) : 0, c = isFloat ? tensor.getDouble(i) : 0;
        bool isSame = isFloat ? areSame(a, c) : one.tensor.getInt(i) == tensor.getInt(i);
        if (isSame)
          continue;
        double off = isFloat && std::isfinite(a) && std::isfinite(c) ? safety * std::abs(a - c) : infinity;
        one.allowed[i] = std::max(one.allowed[i], off);
      }
    }
  }
  // Where something moved, the type's own rounding may fall to the other side, too.
  for (Expected &one : expected)
    for (auto [i, allowed] : llvm::enumerate(one.allowed))
      if (reference::isFloat(one.tensor.getKind()) && !std::isinf(allowed) && std::isfinite(one.tensor.getDouble(i)))
        allowed += std::abs(one.tensor.getDouble(i)) * epsilonOf(one.tensor.getKind()) + leastOf(one.tensor.getKind());
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
