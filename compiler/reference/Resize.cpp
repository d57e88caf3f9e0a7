// Resampling as ONNX Resize defines it: each dim on its own, every result element a weighted sum of the pixels
// around the place it comes from; pixels beyond the edge repeat it.
#include "compiler/reference/Families.h"
#include "compiler/reference/ScalarOps.h"
#include "compiler/reference/Strides.h"

#include <cmath>
#include <set>

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;

namespace {
struct Axis {
  int64_t in, out;
  double scale;  // out / in, or what the model gives
  bool isScaled; // the model gives scales
  double roiStart, roiEnd;

  /// Where result position x lies among the input's pixels. One division, so that a position that is a pixel, or half
  /// way between two, is found to be there.
  double shrunk(double x) const { return isScaled ? x / scale : x * static_cast<double>(in) / static_cast<double>(out); }
};
/// The pixels that one result element is made of.
using Taps = SmallVector<std::pair<int64_t, double>>;
} // namespace

/// Where result position x comes from; nothing for an unknown mode.
static std::optional<double> sourceOf(StringRef mode, const Axis &axis, double x) {
  auto in = static_cast<double>(axis.in);
  // The length before it is rounded to a whole number.
  double out = axis.isScaled ? axis.scale * in : static_cast<double>(axis.out);
  double half = axis.shrunk(x + 0.5) - 0.5;
  if (mode == "half_pixel")
    return half;
  if (mode == "pytorch_half_pixel")
    return axis.out > 1 ? half : 0;
  if (mode == "half_pixel_symmetric")
    return in / 2 * (1 - static_cast<double>(axis.out) / out) + half;
  if (mode == "asymmetric")
    return axis.shrunk(x);
  if (mode == "align_corners")
    return out == 1 ? 0 : x * (in - 1) / (out - 1);
  if (mode == "tf_crop_and_resize") {
    double reach = (axis.roiEnd - axis.roiStart) * (in - 1);
    return axis.out > 1 ? axis.roiStart * (in - 1) + x * reach / (out - 1) : (axis.roiStart + axis.roiEnd) * (in - 1) / 2;
  }
  return std::nullopt;
}

/// Keys' kernel (1981) at distance |x|.
static double cubic(double x, double a) {
  x = std::fabs(x);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/// The pixel that `source` is nearest to.
static int64_t nearestTo(StringRef rule, double source) {
  double below = std::floor(source), ratio = source - below;
  bool up = rule == "ceil" ? ratio > 0 : rule == "floor" ? false : rule == "round_prefer_ceil" ? ratio >= 0.5 : ratio > 0.5;
  return static_cast<int64_t>(below) + up;
}

/// Weights of the pixels around `source`; antialiasing widens them when shrinking.
static Taps weightsAt(graph::ResizeOp op, const Axis &axis, double source) {
  double below = std::floor(source), ratio = source - below;
  auto first = static_cast<int64_t>(below);
  bool isLinear = op.getMode() == graph::ResizeMode::linear;
  double narrow = op.getAntialias() ? std::min(axis.scale, 1.0) : 1.0;
  auto start = static_cast<int64_t>(std::floor((isLinear ? -1 : -2) / narrow)) + 1;
  Taps taps;
  double sum = 0;
  for (int64_t i = start; i <= 1 - start; ++i) {
    double x = (static_cast<double>(i) - ratio) * narrow;
    double weight = isLinear ? std::max(0.0, 1 - std::fabs(x)) : cubic(x, op.getCubicCoeff().convertToDouble());
    if (isLinear && !op.getAntialias())
      weight = i == 0 ? 1 - ratio : ratio; // 1 - (1 - ratio) would lose its last bits
    bool isOutside = first + i < 0 || first + i >= axis.in;
    if (op.getExcludeOutside() && isOutside)
      weight = 0;
    taps.push_back({first + i, weight});
    sum += weight;
  }
  if (op.getExcludeOutside() || op.getAntialias())
    for (auto &tap : taps)
      tap.second /= sum;
  return taps;
}

/// The dims of a tensor one after the other, each to its new length. `T` is the element type of the nearest pixel's copy, or double.
template <typename T>
class Resampler {
public:
  Resampler(graph::ResizeOp op, const Tensor &input) : op(op), dims(input.getDims()), values(input.readAll<T>()) {}

  void resample(size_t d, const Axis &axis) {
    int64_t outer = productOf(ArrayRef(dims).take_front(d)), inner = productOf(ArrayRef(dims).drop_front(d + 1));
    std::vector<T> result(outer * axis.out * inner);
    for (int64_t x = 0; x < axis.out; ++x) {
      double source = *sourceOf(op.getCoordinates(), axis, static_cast<double>(x));
      if (op.getCoordinates() == "tf_crop_and_resize" && (source < 0 || source > static_cast<double>(axis.in - 1)))
        outside.insert({d, x});
      bool isNearest = op.getMode() == graph::ResizeMode::nearest;
      Taps taps = isNearest ? Taps{{nearestTo(op.getNearest(), source), 1.0}} : weightsAt(op, axis, source);
      for (int64_t o = 0; o < outer; ++o) {
        T *to = &result[(o * axis.out + x) * inner];
        for (auto [pixel, weight] : taps) {
          if (weight == 0)
            continue; // 0 times infinity would be NaN
          const T *from = &values[(o * axis.in + std::clamp<int64_t>(pixel, 0, axis.in - 1)) * inner];
          for (int64_t i = 0; i < inner; ++i)
            to[i] = isNearest ? from[i] : static_cast<T>(to[i] + weight * from[i]);
        }
      }
    }
    values = std::move(result);
    dims[d] = axis.out;
  }

  /// The result; what comes from outside of the region of interest is the extrapolation value.
  std::vector<T> finish() {
    auto extrapolation = static_cast<T>(op.getExtrapolation().convertToDouble());
    int64_t next = 0;
    if (!outside.empty())
      forEachPosition(dims, [&](ArrayRef<int64_t> position) {
        T &value = values[next++];
        for (auto [d, x] : llvm::enumerate(position))
          if (outside.contains({d, x}))
            value = extrapolation;
      });
    return std::move(values);
  }

private:
  graph::ResizeOp op;
  Ints dims;
  std::vector<T> values;
  std::set<std::pair<size_t, int64_t>> outside; // dim and position
};

/// As a cast of the graph dialect has it: the largest of 64 bits is the largest that f64 holds.
static std::vector<int64_t> saturated(Kind kind, ArrayRef<double> values) {
  const unsigned bits = kind == Kind::Bool ? 1 : 8 * bytesOf(kind);
  const bool isSigned = !reference::isUnsigned(kind);
  const double beyond = std::ldexp(1.0, static_cast<int>(bits - isSigned)), most = std::nextafter(beyond, 0.0);
  std::vector<int64_t> result;
  for (double value : values)
    result.push_back(static_cast<int64_t>(toInteger(bits == 64 ? std::min(value, most) : value, bits, isSigned)));
  return result;
}

LogicalResult tensel::reference::evaluate(graph::ResizeOp op, Operands operands, Results results) {
  const Tensor &input = operands[0];
  if (results[0].getCount() == 0)
    return success();
  if (input.getCount() == 0)
    return op.emitError("'graph.resize': an empty input cannot be resized to dims [") << results[0].getDims() << "]";
  if (!sourceOf(op.getCoordinates(), {1, 1, 1, false, 0, 1}, 0))
    return op.emitError("'graph.resize': unknown coordinates '") << op.getCoordinates() << "'";
  bool isCrop = op.getCoordinates() == "tf_crop_and_resize";
  if (isCrop && !op.getRoi())
    return op.emitError("'graph.resize': tf_crop_and_resize needs a roi");
  const Tensor *roi = op.getRoi() ? &operands[op.getODSOperandIndexAndLength(1).first] : nullptr;
  const Tensor *scales = op.getScales() ? &operands[op.getODSOperandIndexAndLength(2).first] : nullptr;
  auto resampleAll = [&](auto resampler) {
    for (int64_t d = 0; d < input.getRank(); ++d) {
      int64_t in = input.getDim(d), out = results[0].getDim(d);
      double scale = scales ? scales->getDouble(d) : static_cast<double>(out) / static_cast<double>(in);
      double start = isCrop ? roi->getDouble(d) : 0, end = isCrop ? roi->getDouble(input.getRank() + d) : 1;
      if (in == out && scale == 1 && start == 0 && end == 1)
        continue;
      resampler.resample(d, {in, out, scale, scales != nullptr, start, end});
    }
    return resampler.finish();
  };
  if (op.getMode() == graph::ResizeMode::nearest)
    withWideType(input.getKind(), [&](auto zero) { results[0].writeAll(resampleAll(Resampler<decltype(zero)>(op, input))); });
  else if (isFloat(results[0].getKind()))
    results[0].writeAll(resampleAll(Resampler<double>(op, input)));
  else
    results[0].writeAll(saturated(results[0].getKind(), resampleAll(Resampler<double>(op, input))));
  return success();
}
