// See the header. Magnitudes of what is computed on the way are found by evaluating the op itself, in f64, on the magnitudes of its operands.
#include "tests/fuzz/graphs/Rounding.h"

#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace mlir;
using namespace tensel;
using namespace tensel::fuzz;
using graph::ReduceKind;
using reference::Kind;
using reference::Tensor;

FloatRange tensel::fuzz::rangeOf(Kind kind) {
  switch (kind) {
  case Kind::F64:
    return {0x1p-52, std::numeric_limits<double>::max(), 0x1p-1022, 0x1p-1074};
  case Kind::F16:
    return {0x1p-10, 65504, 0x1p-14, 0x1p-24};
  case Kind::BF16:
    return {0x1p-7, 0x1.fep127, 0x1p-126, 0x1p-133};
  default:
    return {0x1p-23, std::numeric_limits<float>::max(), 0x1p-126, 0x1p-149};
  }
}

namespace {
/// Intermediates above this share of the largest number may overflow: sums of their parts, or with a factor such as log2(e).
constexpr double margin = 0.25;

/// Of functions that compiled code approximates: the error in units of the last place of the type it computes in (f32 at least).
double approximationOf(Operation *op) {
  return llvm::StringSwitch<double>(op->getName().stripDialect())
      .Cases({"exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan"}, 4)
      .Cases({"sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "sigmoid", "pow"}, 4)
      .Default(0);
}

bool isPeriodic(Operation *op) { return isa<graph::SinOp, graph::CosOp, graph::TanOp, graph::RemOp, graph::ModOp>(op); }

/// How elements of the first operand are combined in any order.
std::optional<ReduceKind> combinationOf(Operation *op) {
  if (auto reduce = dyn_cast<graph::ReduceOp>(op))
    return reduce.getKind();
  if (auto pool = dyn_cast<graph::PoolOp>(op))
    return pool.getKind();
  if (auto cumulate = dyn_cast<graph::CumulateOp>(op))
    return cumulate.getKind();
  if (auto resize = dyn_cast<graph::ResizeOp>(op); resize && resize.getMode() != graph::ResizeMode::nearest)
    return ReduceKind::sum;
  if (isa<graph::MatmulOp, graph::ConvOp>(op))
    return ReduceKind::sum;
  return std::nullopt;
}

double largestMagnitude(const Tensor &tensor) {
  double largest = 0;
  for (double value : tensor.readAll<double>())
    largest = std::isfinite(value) ? std::max(largest, std::abs(value)) : largest;
  return largest;
}

Tensor withElements(const Tensor &like, llvm::function_ref<double(double)> change) {
  std::vector<double> values = like.readAll<double>();
  for (double &value : values)
    value = change(value);
  Tensor changed(Kind::F64, like.getDims());
  changed.writeAll(values);
  return changed;
}

class Bounds {
public:
  Bounds(WeightResolver &weights, Operation *op, ArrayRef<Tensor> operands, const Tensor &result)
      : weights(weights), op(op), operands(operands), kind(result.getKind()),
        computed(rangeOf(kind == Kind::F64 ? Kind::F64 : Kind::F32)),
        stored(kind == Kind::F16 || kind == Kind::BF16 ? rangeOf(kind).epsilon : 0) {}

  /// `places` units of the last place of the type it is computed in, then rounded to the type it is stored in.
  double relative(double value, double places) const {
    return std::abs(value) * (places * computed.epsilon + stored) + rangeOf(kind).least;
  }

  std::vector<double> ofApproximation(ArrayRef<double> values, double places) const {
    std::vector<double> bounds;
    for (double value : values)
      bounds.push_back(relative(value, places));
    return bounds;
  }

  /// Where the quotient is large, a rounding error of the dividend decides about everything.
  std::vector<double> ofPeriodic(ArrayRef<double> values) const {
    std::vector<double> quotients = operands[0].readAll<double>();
    if (operands.size() == 2) {
      OperationState state(op->getLoc(), graph::DivOp::getOperationName(), op->getOperands(), op->getResultTypes());
      OwningOpRef<Operation *> division(Operation::create(state));
      quotients = evaluate(division.get(), operands);
    }
    std::vector<double> bounds;
    double places = approximationOf(op);
    for (auto [quotient, value] : llvm::zip_equal(quotients, values)) {
      bool isAnything = std::abs(quotient) * computed.epsilon * 4096 > 1;
      bounds.push_back(isAnything ? undecided : places ? relative(value, places) : 0);
    }
    return bounds;
  }

  /// The largest and smallest that a product of some of the elements may be.
  std::vector<double> ofProduct(ArrayRef<double> values) const {
    auto extremes = [&](bool large) {
      return evaluate(op, withElements(operands[0], [&](double value) {
                        value = std::isfinite(value) && value != 0 ? std::abs(value) : 1;
                        return large ? std::max(value, 1.0) : std::min(value, 1.0);
                      }));
    };
    std::vector<double> bounds;
    for (auto [value, high, low] : llvm::zip_equal(values, extremes(true), extremes(false))) {
      bool leaves = !(high < computed.largest * margin) || !(low > computed.leastNormal / margin);
      bounds.push_back(leaves ? undecided : relative(value, 64));
    }
    return bounds;
  }

  std::vector<double> ofSum(ArrayRef<double> values, bool isMean) const {
    bool isResize = isa<graph::ResizeOp>(op), isIntegral = !isResize && !isMean;
    size_t used = isa<graph::MatmulOp, graph::ConvOp>(op) ? 2 : 1;
    int64_t count = 0;
    SmallVector<Tensor> magnitudes(operands);
    for (Tensor &operand : MutableArrayRef(magnitudes).take_front(used)) {
      count = std::max(count, operand.getCount());
      operand = withElements(operand, [&](double value) {
        // What is not finite decides its sums in any order.
        value = std::isfinite(value) ? std::abs(value) : 0;
        isIntegral &= value == std::floor(value);
        return value;
      });
    }
    double terms = static_cast<double>(std::min<int64_t>(count, 4096));
    std::vector<double> sums = evaluate(op, magnitudes);
    // Weights of both signs: what cancels in one element of the magnitudes does not in its terms.
    if (auto resize = dyn_cast<graph::ResizeOp>(op); resize && resize.getMode() == graph::ResizeMode::cubic)
      llvm::fill(sums, largestMagnitude(operands[0]));
    // Weights are computed in f64, those that are 0 too.
    double ofWeights = isResize ? largestMagnitude(operands[0]) * 0x1p-50 : 0;
    std::vector<double> bounds;
    for (auto [value, sum] : llvm::zip_equal(values, sums)) {
      bool isExact = isIntegral && sum * 2 < 1 / computed.epsilon,
           overflows = !(sum * (isMean ? terms : 1) <= computed.largest * margin);
      double bound = sum * computed.epsilon * (2 + std::sqrt(terms)) + std::abs(value) * stored + rangeOf(kind).least + ofWeights;
      bounds.push_back(isExact ? 0 : overflows ? undecided : bound);
    }
    return bounds;
  }

  /// Its terms are sums of integers: exact, but not seen from outside.
  std::vector<double> ofBlockMatmul(const Tensor &result, ArrayRef<double> values) const {
    double largest = largestMagnitude(result);
    bool isLarge = largest > 1e30 || llvm::any_of(values, [](double x) { return !std::isfinite(x); });
    return std::vector<double>(values.size(), isLarge ? undecided : 256 * computed.epsilon * largest);
  }

  /// One step of a kernel that need not do it as defined.
  std::vector<double> ofStep(ArrayRef<double> values) const {
    std::vector<double> bounds;
    for (double value : values)
      bounds.push_back(std::isfinite(value) && std::abs(value) > computed.largest * margin ? undecided : relative(value, 2));
    return bounds;
  }

  FloatRange range() const { return computed; }

private:
  /// In f64: nothing overflows on the way, but in ops of f64.
  std::vector<double> evaluate(Operation *which, ArrayRef<Tensor> on) const {
    auto found = reference::Interpreter(weights, {.f64 = true}).evaluate(which, on);
    return failed(found) ? std::vector<double>() : (*found)[0].readAll<double>();
  }

  WeightResolver &weights;
  Operation *op;
  ArrayRef<Tensor> operands;
  Kind kind;
  FloatRange computed;
  double stored;
};
} // namespace

std::vector<double> tensel::fuzz::boundsOf(WeightResolver &weights, Operation *op, ArrayRef<Tensor> operands,
                                           const Tensor &result, Circumstances circumstances) {
  Bounds bounds(weights, op, operands, result);
  if (!reference::isFloat(result.getKind()))
    return {};
  std::vector<double> values = result.readAll<double>(), found;
  std::optional<ReduceKind> combination = combinationOf(op);
  if (isPeriodic(op) && circumstances.afterRounding)
    found = bounds.ofPeriodic(values);
  else if (double places = approximationOf(op))
    found = bounds.ofApproximation(values, places);
  else if (combination == ReduceKind::prod)
    found = bounds.ofProduct(values);
  else if (combination == ReduceKind::sum || combination == ReduceKind::mean)
    found = bounds.ofSum(values, combination == ReduceKind::mean);
  else if (isa<graph::BlockMatmulOp>(op))
    found = bounds.ofBlockMatmul(result, values);
  else if (circumstances.insideKernel && isa<graph::AddOp, graph::SubOp, graph::MulOp, graph::DivOp, graph::SqrtOp>(op))
    found = bounds.ofStep(values);
  if (circumstances.insideKernel)
    for (double &bound : found)
      bound += bound ? bounds.range().leastNormal : 0;
  return found;
}

OwningOpRef<Operation *> tensel::fuzz::withoutTruncation(Operation *op) {
  auto resize = dyn_cast<graph::ResizeOp>(op);
  if (!resize || resize.getMode() == graph::ResizeMode::nearest || isa<FloatType>(getElementTypeOrSelf(resize.getType())))
    return {};
  OwningOpRef<Operation *> exact(op->clone());
  exact.get()->getResult(0).setType(cast<RankedTensorType>(resize.getType()).clone(Float64Type::get(op->getContext())));
  return exact;
}
