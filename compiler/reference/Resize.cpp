// Resampling as ONNX Resize defines it: each dim on its own, every result element a weighted sum of the pixels
// around the place it comes from; pixels beyond the edge repeat it.
#include "compiler/reference/Families.h"
#include "compiler/reference/Strides.h"

#include <cmath>

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;

namespace {
struct Axis {
  int64_t in, out;
  double scale, roiStart, roiEnd;
};
/// The pixels that one result element is made of; none: the extrapolation value.
using Taps = SmallVector<std::pair<int64_t, double>>;
} // namespace

/// Where result position x comes from; nothing for an unknown mode.
static std::optional<double> sourceOf(StringRef mode, const Axis &axis, double x) {
  auto in = static_cast<double>(axis.in);
  double out = axis.scale * in;
  double half = (x + 0.5) / axis.scale - 0.5;
  if (mode == "half_pixel")
    return half;
  if (mode == "pytorch_half_pixel")
    return out == 1 ? -0.5 : half;
  if (mode == "half_pixel_symmetric")
    return in / 2 * (1 - static_cast<double>(axis.out) / out) + half;
  if (mode == "asymmetric")
    return x / axis.scale;
  if (mode == "align_corners")
    return out == 1 ? 0 : x * (in - 1) / (out - 1);
  if (mode == "tf_crop_and_resize") {
    double reach = (axis.roiEnd - axis.roiStart) * (in - 1);
    return axis.roiStart * (in - 1) + (out == 1 ? reach / 2 : x * reach / (out - 1));
  }
  return std::nullopt;
}

static double cubic(double x, double a) {
  x = std::fabs(x);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((x - 5) * x + 8) * a * x - 4 * a : 0;
}

/// Weights of the pixels around `source` (Keys 1981 for cubic); antialiasing widens them when shrinking.
static Taps weightsAt(graph::ResizeOp op, const Axis &axis, double source) {
  double below = std::floor(source), ratio = source - below;
  auto first = static_cast<int64_t>(below);
  if (op.getMode() == graph::ResizeMode::nearest) {
    StringRef nearest = op.getNearest();
    bool up = nearest == "ceil"                ? ratio > 0
              : nearest == "floor"             ? false
              : nearest == "round_prefer_ceil" ? ratio >= 0.5
                                               : ratio > 0.5;
    return {{first + up, 1.0}};
  }
  bool isLinear = op.getMode() == graph::ResizeMode::linear;
  double narrow = op.getAntialias() ? std::min(axis.scale, 1.0) : 1.0;
  auto start = static_cast<int64_t>(std::floor((isLinear ? -1 : -2) / narrow)) + 1;
  Taps taps;
  double sum = 0;
  for (int64_t i = start; i <= 1 - start; ++i) {
    double x = (static_cast<double>(i) - ratio) * narrow;
    double weight = isLinear ? std::max(0.0, 1 - std::fabs(x)) : cubic(x, op.getCubicCoeff().convertToDouble());
    bool isOutside = first + i < 0 || first + i >= axis.in;
    if (op.getExcludeOutside() && isOutside)
      weight = 0;
    taps.push_back({first + i, weight});
    sum += weight;
  }
  for (auto &tap : taps)
    tap.second /= sum;
  return taps;
}

/// Resamples dim `d`, which has axis.in elements in `values`.
static std::vector<double> resample(graph::ResizeOp op, const Axis &axis, ArrayRef<double> values, int64_t outer, int64_t inner) {
  std::vector<double> result(outer * axis.out * inner);
  for (int64_t x = 0; x < axis.out; ++x) {
    double source = *sourceOf(op.getCoordinates(), axis, static_cast<double>(x));
    bool isOutside = op.getCoordinates() == "tf_crop_and_resize" && (source < 0 || source > static_cast<double>(axis.in - 1));
    Taps taps = isOutside ? Taps() : weightsAt(op, axis, source);
    for (int64_t o = 0; o < outer; ++o) {
      double *to = &result[(o * axis.out + x) * inner];
      if (isOutside)
        std::fill_n(to, inner, op.getExtrapolation().convertToDouble());
      for (auto [pixel, weight] : taps) {
        if (weight == 0)
          continue;
        const double *from = &values[(o * axis.in + std::clamp<int64_t>(pixel, 0, axis.in - 1)) * inner];
        for (int64_t i = 0; i < inner; ++i)
          to[i] += weight * from[i];
      }
    }
  }
  return result;
}

LogicalResult tensel::reference::evaluate(graph::ResizeOp op, Operands operands, Results results) {
  const Tensor &input = operands[0];
  if (results[0].getCount() == 0)
    return success();
  if (input.getCount() == 0)
    return op.emitError("'graph.resize': an empty input cannot be resized to dims [") << results[0].getDims() << "]";
  if (!sourceOf(op.getCoordinates(), {1, 1, 1, 0, 1}, 0))
    return op.emitError("'graph.resize': unknown coordinates '") << op.getCoordinates() << "'";
  bool isCrop = op.getCoordinates() == "tf_crop_and_resize";
  if (isCrop && !op.getRoi())
    return op.emitError("'graph.resize': tf_crop_and_resize needs a roi");
  const Tensor *roi = op.getRoi() ? &operands[op.getODSOperandIndexAndLength(1).first] : nullptr;
  const Tensor *scales = op.getScales() ? &operands[op.getODSOperandIndexAndLength(2).first] : nullptr;
  Ints dims(input.getDims());
  std::vector<double> values = input.readAll<double>();
  for (int64_t d = 0; d < input.getRank(); ++d) {
    int64_t in = input.getDim(d), out = results[0].getDim(d);
    double scale = scales ? scales->getDouble(d) : static_cast<double>(out) / static_cast<double>(in);
    bool isWhole = !isCrop || (roi->getDouble(d) == 0 && roi->getDouble(input.getRank() + d) == 1);
    if (in == out && scale == 1 && isWhole)
      continue;
    Axis axis{in, out, scale, isCrop ? roi->getDouble(d) : 0, isCrop ? roi->getDouble(input.getRank() + d) : 1};
    values = resample(op, axis, values, productOf(ArrayRef(dims).take_front(d)), productOf(ArrayRef(dims).drop_front(d + 1)));
    dims[d] = out;
  }
  results[0].writeAll(values);
  return success();
}
