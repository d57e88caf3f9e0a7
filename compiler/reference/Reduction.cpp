// Reductions, arg-reductions, running reductions and top-k. Sums and products of floats accumulate in f64.
#include "compiler/reference/Families.h"
#include "compiler/reference/Reducing.h"
#include "compiler/reference/Strides.h"

#include <numeric>

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;
using graph::ReduceKind;

LogicalResult tensel::reference::evaluate(graph::ReduceOp op, Operands operands, Results results) {
  const Tensor &input = operands[0];
  if (op.getAxes().empty()) { // nothing is combined, not even with the neutral element: -0 stays -0
    llvm::copy(input.getBytes(), results[0].getMutableData());
    return success();
  }
  // The reduced dims have stride 0 in the result.
  Ints kept;
  for (int64_t i = 0; i < input.getRank(); ++i)
    if (!llvm::is_contained(op.getAxes(), i))
      kept.push_back(input.getDim(i));
  Ints keptStrides = rowMajorStrides(kept), strides;
  int64_t reduced = 1;
  for (int64_t i = 0, next = 0; i < input.getRank(); ++i) {
    bool isReduced = llvm::is_contained(op.getAxes(), i);
    strides.push_back(isReduced ? 0 : keptStrides[next++]);
    reduced *= isReduced ? input.getDim(i) : 1;
  }
  ReduceKind kind = op.getKind();
  withWideType(input.getKind(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> sums(results[0].getCount(), neutralElement<T>(kind, input.getKind())), block(4096);
    int64_t next = 0, loaded = 0;
    forEachOffset(input.getDims(), strides, 0, [&](int64_t offset) {
      if (next == loaded) {
        int64_t n = std::min<int64_t>(block.size(), input.getCount() - loaded);
        input.read(loaded, n, block.data());
        loaded += n;
      }
      sums[offset] = combineElements(kind, input.getKind(), sums[offset], block[next++ % block.size()]);
    });
    if (kind == ReduceKind::mean)
      for (T &sum : sums)
        sum = meanOf(sum, reduced);
    results[0].writeAll(sums);
  });
  return success();
}

namespace {
/// Lines of a tensor along one axis: element i of line (outer, inner) is at (outer * length + i) * stride + inner.
struct Lines {
  Lines(const Tensor &tensor, int64_t axis)
      : outer(productOf(tensor.getDims().take_front(axis))), length(tensor.getDim(axis)),
        stride(productOf(tensor.getDims().drop_front(axis + 1))) {}
  int64_t at(int64_t line, int64_t i) const { return (line / stride * length + i) * stride + line % stride; }
  int64_t count() const { return outer * stride; }
  int64_t outer, length, stride;
};
} // namespace

LogicalResult tensel::reference::evaluate(graph::ArgReduceOp op, Operands operands, Results results) {
  Lines lines(operands[0], op.getAxis());
  bool largest = op.getKind() == ReduceKind::max, selectLast = op.getSelectLast();
  if (!largest && op.getKind() != ReduceKind::min)
    return op.emitError("'graph.arg_reduce': expected kind max or min");
  withWideType(operands[0].getKind(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> values = operands[0].readAll<T>();
    std::vector<int64_t> found(lines.count());
    for (int64_t line = 0; line < lines.count(); ++line)
      for (int64_t i = 1; i < lines.length; ++i) {
        T best = values[lines.at(line, found[line])], value = values[lines.at(line, i)];
        if ((largest ? best < value : value < best) || (selectLast && value == best))
          found[line] = i;
      }
    results[0].writeAll(found);
  });
  return success();
}

LogicalResult tensel::reference::evaluate(graph::CumulateOp op, Operands operands, Results results) {
  Lines lines(operands[0], op.getAxis());
  Kind element = operands[0].getKind();
  withWideType(element, [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> values = operands[0].readAll<T>(), running(values.size());
    for (int64_t line = 0; line < lines.count(); ++line) {
      T sum = neutralElement<T>(op.getKind(), element);
      for (int64_t i = 0; i < lines.length; ++i) {
        int64_t at = lines.at(line, op.getReverse() ? lines.length - 1 - i : i);
        T next = combineElements(op.getKind(), element, sum, values[at]);
        running[at] = op.getExclusive() ? sum : next;
        sum = next;
      }
    }
    results[0].writeAll(running);
  });
  return success();
}

LogicalResult tensel::reference::evaluate(graph::TopKOp op, Operands operands, Results results) {
  Lines lines(operands[0], op.getAxis()), taken(results[0], op.getAxis());
  if (taken.length > lines.length)
    return op.emitError("'graph.topk': k is ") << taken.length << ", expected at most " << lines.length;
  withWideType(operands[0].getKind(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> values = operands[0].readAll<T>(), best(results[0].getCount());
    std::vector<int64_t> indices(best.size()), order(lines.length);
    for (int64_t line = 0; line < lines.count(); ++line) {
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int64_t x, int64_t y) {
        T a = values[lines.at(line, x)], b = values[lines.at(line, y)];
        // NaN counts as larger than all numbers.
        bool aIsNan = a != a, bIsNan = b != b;
        bool isLess = aIsNan ? false : bIsNan || a < b, isMore = bIsNan ? false : aIsNan || b < a;
        return op.getLargest() ? isMore : isLess;
      });
      for (int64_t i = 0; i < taken.length; ++i) {
        best[taken.at(line, i)] = values[lines.at(line, order[i])];
        indices[taken.at(line, i)] = order[i];
      }
    }
    results[0].writeAll(best);
    results[1].writeAll(indices);
  });
  return success();
}
