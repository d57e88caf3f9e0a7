// Pooling over sliding windows.
#include "compiler/reference/Families.h"
#include "compiler/reference/Reducing.h"
#include "compiler/reference/Strides.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;
using graph::ReduceKind;

/// Visits the taps of the window at `position` that lie inside the input: body(offset in the input's plane).
template <typename Op, typename Body>
static void forEachTap(Op op, ArrayRef<int64_t> in, ArrayRef<int64_t> position, Body body) {
  Ints strides = rowMajorStrides(in);
  forEachPosition(op.getKernel(), [&](ArrayRef<int64_t> tap) {
    int64_t offset = 0;
    for (size_t i = 0; i < in.size(); ++i) {
      int64_t at = position[i] * op.getStrides()[i] - op.getPadsLow()[i] + tap[i] * op.getDilations()[i];
      if (at < 0 || at >= in[i])
        return;
      offset += at * strides[i];
    }
    body(offset);
  });
}

/// How many taps of the window lie inside the input with its padding.
static int64_t countPaddedTaps(graph::PoolOp op, ArrayRef<int64_t> in, ArrayRef<int64_t> position) {
  int64_t count = 1;
  for (size_t i = 0; i < in.size(); ++i) {
    int64_t inside = 0;
    for (int64_t tap = 0; tap < op.getKernel()[i]; ++tap)
      inside += position[i] * op.getStrides()[i] - op.getPadsLow()[i] + tap * op.getDilations()[i] < in[i] + op.getPadsHigh()[i];
    count *= inside;
  }
  return count;
}

LogicalResult tensel::reference::evaluate(graph::PoolOp op, Operands operands, Results results) {
  const Tensor &input = operands[0];
  ArrayRef<int64_t> in = input.getDims().drop_front(2), out = results[0].getDims().drop_front(2);
  int64_t planes = input.getDim(0) * input.getDim(1), inSize = productOf(in), outSize = productOf(out);
  ReduceKind kind = op.getKind();
  withWideType(input.getKind(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> plane(inSize), pooled(outSize);
    for (int64_t p = 0; p < planes; ++p) {
      input.read(p * inSize, inSize, plane.data());
      int64_t next = 0;
      forEachPosition(out, [&](ArrayRef<int64_t> position) {
        T value = neutralElement<T>(kind, input.getKind());
        int64_t count = 0;
        forEachTap(op, in, position, [&](int64_t offset) {
          value = combineElements(kind, input.getKind(), value, plane[offset]);
          ++count;
        });
        if (kind == ReduceKind::mean)
          value = meanOf(value, op.getCountIncludePad() ? countPaddedTaps(op, in, position) : count);
        pooled[next++] = value;
      });
      results[0].write(p * outSize, outSize, pooled.data());
    }
  });
  return success();
}

LogicalResult tensel::reference::evaluate(graph::MaxPoolIndicesOp op, Operands operands, Results results) {
  const Tensor &input = operands[0];
  ArrayRef<int64_t> in = input.getDims().drop_front(2), out = results[0].getDims().drop_front(2);
  int64_t planes = input.getDim(0) * input.getDim(1), inSize = productOf(in), outSize = productOf(out);
  Ints strides = rowMajorStrides(in);
  // Where an element stands when the first spatial dim varies fastest.
  auto columnMajor = [&](int64_t offset) {
    int64_t result = 0, stride = 1;
    for (size_t i = 0; i < in.size(); ++i) {
      result += offset / strides[i] % in[i] * stride;
      stride *= in[i];
    }
    return result;
  };
  withWideType(input.getKind(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> plane(inSize);
    std::vector<int64_t> indices(outSize);
    for (int64_t p = 0; p < planes; ++p) {
      input.read(p * inSize, inSize, plane.data());
      int64_t next = 0;
      forEachPosition(out, [&](ArrayRef<int64_t> position) {
        int64_t best = -1;
        forEachTap(op, in, position, [&](int64_t offset) {
          bool isBetter =
              best < 0 || plane[offset] > plane[best] || (plane[offset] != plane[offset] && plane[best] == plane[best]);
          best = isBetter ? offset : best;
        });
        int64_t inPlane = std::max<int64_t>(best, 0);
        indices[next++] = p * inSize + (op.getColumnMajor() ? columnMajor(inPlane) : inPlane);
      });
      results[0].write(p * outSize, outSize, indices.data());
    }
  });
  return success();
}
