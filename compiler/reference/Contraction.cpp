// Matrix products and convolutions: columns are gathered into panels of a fixed width, then multiplied by rows.
// Floats accumulate in f64 and are rounded once; integers wrap.
#include "compiler/reference/Families.h"
#include "compiler/reference/Panel.h"
#include "compiler/reference/Strides.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;

/// Calls `body` with a double or a uint64_t: modulo 2^64 signedness does not matter.
template <typename Body>
static void withSumType(Kind kind, Body body) {
  if (isFloat(kind))
    body(double());
  else
    body(uint64_t());
}

/// Stores `count` rows of a panel's result: row r at begin + r * stride, `width` elements each.
template <typename T>
static void storePanel(const std::vector<T> &sums, int64_t count, int64_t width, int64_t begin, int64_t stride, Tensor &result) {
  for (int64_t r = 0; r < count; ++r)
    result.write(begin + r * stride, width, &sums[r * panelWidth]);
}

/// A matrix inside a tensor as rows of `width` elements; `transposed` reads it as [width, height].
template <typename T>
static std::vector<T> readRows(const Tensor &tensor, int64_t begin, int64_t height, int64_t width, bool transposed) {
  std::vector<T> stored(height * width);
  tensor.read(begin, height * width, stored.data());
  if (!transposed)
    return stored;
  std::vector<T> rows(height * width);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      rows[y * width + x] = stored[x * height + y];
  return rows;
}

LogicalResult tensel::reference::evaluate(graph::MatmulOp op, Operands operands, Results results) {
  const Tensor &lhs = operands[0], &rhs = operands[1];
  Tensor &result = results[0];
  int64_t rank = result.getRank();
  int64_t m = result.getDim(rank - 2), n = result.getDim(rank - 1);
  int64_t depth = lhs.getDim(lhs.getRank() - (op.getTransposeLhs() ? 2 : 1));
  int64_t rhsDepth = rhs.getDim(rhs.getRank() - (op.getTransposeRhs() ? 1 : 2));
  if (depth != rhsDepth)
    return op.emitError("'graph.matmul': inner dims differ: ") << depth << " and " << rhsDepth;
  // The matrix of an operand that stands at a position of the result's leading dims; dims of 1 repeat.
  auto matrixAt = [&](const Tensor &tensor, ArrayRef<int64_t> position) {
    int64_t index = 0, batch = tensor.getRank() - 2, lead = position.size() - batch;
    for (int64_t i = 0; i < batch; ++i)
      index = index * tensor.getDim(i) + (tensor.getDim(i) == 1 ? 0 : position[lead + i]);
    return index;
  };
  withSumType(result.getKind(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> panel(depth * panelWidth), sums(m * panelWidth);
    int64_t matrix = 0;
    forEachPosition(result.getDims().drop_back(2), [&](ArrayRef<int64_t> position) {
      std::vector<T> rows = readRows<T>(lhs, matrixAt(lhs, position) * m * depth, m, depth, op.getTransposeLhs());
      int64_t rhsBegin = matrixAt(rhs, position) * depth * n;
      for (int64_t column = 0; column < n; column += panelWidth) {
        int64_t width = std::min(panelWidth, n - column);
        std::fill(panel.begin(), panel.end(), T(0));
        if (op.getTransposeRhs()) {
          std::vector<T> line(depth);
          for (int64_t j = 0; j < width; ++j) {
            rhs.read(rhsBegin + (column + j) * depth, depth, line.data());
            for (int64_t k = 0; k < depth; ++k)
              panel[k * panelWidth + j] = line[k];
          }
        } else {
          for (int64_t k = 0; k < depth; ++k)
            rhs.read(rhsBegin + k * n + column, width, &panel[k * panelWidth]);
        }
        multiplyPanel(rows.data(), panel.data(), sums.data(), m, depth);
        storePanel(sums, m, width, matrix * m * n + column, n, result);
      }
      ++matrix;
    });
  });
  return success();
}

LogicalResult tensel::reference::evaluate(graph::ConvOp op, Operands operands, Results results) {
  const Tensor &input = operands[0], &filter = operands[1];
  Tensor &result = results[0];
  ArrayRef<int64_t> in = input.getDims().drop_front(2), kernel = filter.getDims().drop_front(2),
                    out = result.getDims().drop_front(2);
  ArrayRef<int64_t> steps = op.getStrides(), dilations = op.getDilations();
  int64_t groups = op.getGroups(), channels = filter.getDim(1), filters = result.getDim(1) / groups;
  if (input.getDim(1) != channels * groups || result.getDim(1) % groups != 0)
    return op.emitError("'graph.conv': expected ")
           << channels << " x " << groups << " input channels and filters in equal groups, found " << input.getDim(1)
           << " channels and " << result.getDim(1) << " filters";
  int64_t inSize = productOf(in), outSize = productOf(out), taps = productOf(kernel), depth = channels * taps;
  // Where each tap, and each output pixel's first tap, stands in a plane of the input.
  Ints inStrides = rowMajorStrides(in), tapStrides, pixelStrides, tapOffsets, pixelOffsets;
  for (size_t i = 0; i < in.size(); ++i) {
    tapStrides.push_back(inStrides[i] * dilations[i]);
    pixelStrides.push_back(inStrides[i] * steps[i]);
  }
  forEachOffset(kernel, tapStrides, 0, [&](int64_t offset) { tapOffsets.push_back(offset); });
  forEachOffset(out, pixelStrides, 0, [&](int64_t offset) { pixelOffsets.push_back(offset); });
  withSumType(result.getKind(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> rows = filter.readAll<T>(), planes(channels * inSize), panel(depth * panelWidth), sums(filters * panelWidth);
    for (int64_t image = 0; image < result.getDim(0); ++image)
      for (int64_t group = 0; group < groups; ++group) {
        input.read((image * groups + group) * channels * inSize, channels * inSize, planes.data());
        for (int64_t pixel = 0; pixel < outSize; pixel += panelWidth) {
          int64_t width = std::min(panelWidth, outSize - pixel);
          for (int64_t c = 0; c < channels; ++c)
            for (int64_t tap = 0; tap < taps; ++tap) {
              T *line = &panel[(c * taps + tap) * panelWidth];
              const T *from = &planes[c * inSize + tapOffsets[tap]];
              for (int64_t j = 0; j < width; ++j)
                line[j] = from[pixelOffsets[pixel + j]];
            }
          multiplyPanel(rows.data() + group * filters * depth, panel.data(), sums.data(), filters, depth);
          storePanel(sums, filters, width, ((image * groups + group) * filters) * outSize + pixel, outSize, result);
        }
      }
  });
  return success();
}
