// Ops that only move elements, and those that make shapes and sequences.
#include "compiler/reference/Copying.h"
#include "compiler/reference/Families.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;

LogicalResult tensel::reference::evaluateRenamed(Operation *op, Operands operands, Results results) {
  if (operands[0].getCount() != results[0].getCount())
    return op->emitError("'") << op->getName() << "': expected a result of " << operands[0].getCount()
                              << " elements, found dims [" << results[0].getDims() << "]";
  results[0] = operands[0].withDims(results[0].getDims());
  return success();
}

LogicalResult tensel::reference::evaluate(graph::TransposeOp op, Operands operands, Results results) {
  Ints inStrides = rowMajorStrides(operands[0].getDims()), strides;
  for (int64_t axis : op.getPermutation())
    strides.push_back(inStrides[axis]);
  copyStrided(operands[0], results[0], strides, 0);
  return success();
}

LogicalResult tensel::reference::evaluate(graph::SliceOp op, Operands operands, Results results) {
  const Tensor &input = operands[0], &starts = operands[1], &steps = operands[3];
  Ints strides = rowMajorStrides(input.getDims());
  int64_t begin = 0;
  for (auto [i, axis] : llvm::enumerate(op.getAxes())) {
    int64_t dim = input.getDim(axis), start = starts.getInt(i), step = steps.getInt(i);
    if (start < 0)
      start += dim;
    start = std::max<int64_t>(std::min(start, step > 0 ? dim : dim - 1), 0);
    begin += start * strides[axis];
    strides[axis] *= step;
  }
  copyStrided(input, results[0], strides, begin);
  return success();
}

LogicalResult tensel::reference::evaluate(graph::ConcatOp op, Operands operands, Results results) {
  char *to = results[0].getMutableData();
  int64_t outer = productOf(results[0].getDims().take_front(op.getAxis()));
  // A row: everything from the axis on.
  for (int64_t i = 0; i < outer; ++i)
    for (const Tensor &input : operands) {
      int64_t row = input.getByteSize() / outer;
      std::memcpy(to, input.getData() + i * row, row);
      to += row;
    }
  return success();
}

/// Where the element at `at`, maybe outside of a dim, comes from; -1 for the pad value.
static int64_t paddedIndex(graph::PadMode mode, int64_t at, int64_t dim) {
  if (at >= 0 && at < dim)
    return at;
  if (mode == graph::PadMode::constant || dim == 0)
    return -1;
  if (mode == graph::PadMode::edge)
    return at < 0 ? 0 : dim - 1;
  // Reflection without the edge has period 2 * (dim - 1).
  int64_t period = mode == graph::PadMode::wrap ? dim : std::max<int64_t>(2 * (dim - 1), 1);
  int64_t phase = (at % period + period) % period;
  return phase < dim ? phase : period - phase;
}

LogicalResult tensel::reference::evaluate(graph::PadOp op, Operands operands, Results results) {
  const Tensor &input = operands[0], &pads = operands[1];
  Tensor &result = results[0];
  Ints strides = rowMajorStrides(input.getDims());
  // Per dim, the offset that each position of the result adds; -1 where it is padding.
  SmallVector<std::vector<int64_t>> offsets(result.getRank());
  for (int64_t d = 0; d < result.getRank(); ++d)
    for (int64_t i = 0; i < result.getDim(d); ++i) {
      int64_t at = paddedIndex(op.getMode(), i - pads.getInt(d), input.getDim(d));
      offsets[d].push_back(at < 0 ? -1 : at * strides[d]);
    }
  std::vector<int64_t> places(result.getCount());
  int64_t next = 0;
  forEachPosition(result.getDims(), [&](ArrayRef<int64_t> position) {
    int64_t place = 0;
    for (int64_t d = 0; d < result.getRank() && place >= 0; ++d)
      place = offsets[d][position[d]] < 0 ? -1 : place + offsets[d][position[d]];
    places[next++] = place;
  });
  // First the value everywhere, then what the input gives.
  copyElements(operands[2], result, [](int64_t) { return 0; });
  copyElements(input, result, [&](int64_t i) { return places[i]; });
  return success();
}

LogicalResult tensel::reference::evaluate(graph::DilateOp op, Operands operands, Results results) {
  Ints inStrides = rowMajorStrides(operands[0].getDims());
  std::vector<int64_t> places;
  places.reserve(results[0].getCount());
  forEachPosition(results[0].getDims(), [&](ArrayRef<int64_t> position) {
    int64_t place = 0;
    for (auto [i, factor] : llvm::enumerate(op.getFactors()))
      place = place < 0 || position[i] % factor ? -1 : place + position[i] / factor * inStrides[i];
    places.push_back(place);
  });
  copyElements(operands[0], results[0], [&](int64_t i) { return places[i]; });
  return success();
}

LogicalResult tensel::reference::evaluate(graph::ExpandOp op, Operands operands, Results results) {
  const Tensor &input = operands[0];
  Ints inStrides = rowMajorStrides(input.getDims()), strides(results[0].getRank(), 0);
  int64_t lead = results[0].getRank() - input.getRank();
  for (int64_t i = 0; i < input.getRank(); ++i)
    strides[lead + i] = input.getDim(i) == 1 ? 0 : inStrides[i];
  copyStrided(input, results[0], strides, 0);
  return success();
}

LogicalResult tensel::reference::evaluate(graph::TileOp op, Operands operands, Results results) {
  const Tensor &input = operands[0];
  Ints strides = rowMajorStrides(input.getDims()), dims, tileStrides;
  // Each dim is two: which copy, and where in it.
  for (int64_t i = 0; i < input.getRank(); ++i) {
    dims.append({operands[1].getInt(i), input.getDim(i)});
    tileStrides.append({0, strides[i]});
  }
  std::vector<int64_t> places;
  places.reserve(results[0].getCount());
  forEachOffset(dims, tileStrides, 0, [&](int64_t offset) { places.push_back(offset); });
  copyElements(input, results[0], [&](int64_t i) { return places[i]; });
  return success();
}

LogicalResult tensel::reference::evaluate(graph::ShapeOfOp op, Operands operands, Results results) {
  results[0] = Tensor::of(Kind::I64, {operands[0].getRank()}, operands[0].getDims());
  return success();
}

LogicalResult tensel::reference::evaluate(graph::RangeOp op, Operands operands, Results results) {
  withWideType(results[0].getKind(), [&](auto zero) {
    using T = decltype(zero);
    T start, delta;
    operands[0].read(0, 1, &start);
    operands[2].read(0, 1, &delta);
    std::vector<T> values(results[0].getCount());
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = start + static_cast<T>(i) * delta;
    results[0].writeAll(values);
  });
  return success();
}

LogicalResult tensel::reference::evaluate(graph::IotaOp op, Operands operands, Results results) {
  std::vector<int64_t> values;
  values.reserve(results[0].getCount());
  forEachPosition(results[0].getDims(), [&](ArrayRef<int64_t> position) { values.push_back(position[op.getAxis()]); });
  results[0].writeAll(values);
  return success();
}
