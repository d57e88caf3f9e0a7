// Indexed reads and writes. An index counts from the end when negative and is then clamped into range.
#include "compiler/reference/Copying.h"
#include "compiler/reference/Families.h"
#include "compiler/reference/Reducing.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;

/// Nothing can be read from a dim of 0: -1.
static int64_t boundedIndex(int64_t index, int64_t dim) {
  if (index < 0)
    index += dim;
  return std::min(std::max<int64_t>(index, 0), dim - 1);
}

LogicalResult tensel::reference::evaluate(graph::GatherOp op, Operands operands, Results results) {
  const Tensor &data = operands[0], &indices = operands[1];
  int64_t dim = data.getDim(op.getAxis()), row = productOf(data.getDims().drop_front(op.getAxis() + 1)) * bytesOf(data.getKind());
  int64_t outer = productOf(data.getDims().take_front(op.getAxis()));
  std::vector<int64_t> chosen = indices.readAll<int64_t>();
  char *to = results[0].getMutableData();
  for (int64_t i = 0; i < outer; ++i)
    for (int64_t index : chosen) {
      if (dim > 0)
        std::memcpy(to, data.getData() + (i * dim + boundedIndex(index, dim)) * row, row);
      to += row;
    }
  return success();
}

/// For each position of `indices`, the place in `data` with the coordinate of `axis` replaced by the index (-1: none).
static std::vector<int64_t> elementPlaces(const Tensor &data, const Tensor &indices, int64_t axis) {
  Ints strides = rowMajorStrides(data.getDims());
  int64_t dim = data.getDim(axis);
  std::vector<int64_t> chosen = indices.readAll<int64_t>(), places;
  places.reserve(chosen.size());
  forEachPosition(indices.getDims(), [&](ArrayRef<int64_t> position) {
    int64_t place = 0;
    for (int64_t d = 0; d < data.getRank() && place >= 0; ++d) {
      int64_t at = d == axis ? boundedIndex(chosen[places.size()], dim) : boundedIndex(position[d], data.getDim(d));
      place = at < 0 ? -1 : place + at * strides[d];
    }
    places.push_back(place);
  });
  return places;
}

LogicalResult tensel::reference::evaluate(graph::GatherElementsOp op, Operands operands, Results results) {
  std::vector<int64_t> places = elementPlaces(operands[0], operands[1], op.getAxis());
  copyElements(operands[0], results[0], [&](int64_t i) { return places[i]; });
  return success();
}

/// The place in `data` (from dim `first` on) that one index tuple names, -1 when there is none.
static int64_t tuplePlace(const Tensor &data, ArrayRef<int64_t> tuple, int64_t first, ArrayRef<int64_t> strides) {
  int64_t place = 0;
  for (auto [i, index] : llvm::enumerate(tuple)) {
    int64_t at = boundedIndex(index, data.getDim(first + i));
    if (at < 0)
      return -1;
    place += at * strides[first + i];
  }
  return place;
}

LogicalResult tensel::reference::evaluate(graph::GatherNdOp op, Operands operands, Results results) {
  const Tensor &data = operands[0], &indices = operands[1];
  int64_t batchDims = op.getBatchDims(), length = indices.getDims().back();
  Ints strides = rowMajorStrides(data.getDims());
  int64_t batches = productOf(data.getDims().take_front(batchDims)), batchSize = productOf(data.getDims().drop_front(batchDims));
  int64_t row = productOf(data.getDims().drop_front(batchDims + length)), size = bytesOf(data.getKind());
  std::vector<int64_t> values = indices.readAll<int64_t>();
  int64_t tuples = productOf(indices.getDims().drop_back()), perBatch = batches ? tuples / batches : 0;
  char *to = results[0].getMutableData();
  for (int64_t i = 0; i < tuples && results[0].getCount(); ++i) {
    int64_t place = tuplePlace(data, ArrayRef(values).slice(i * length, length), batchDims, strides);
    if (place >= 0)
      std::memcpy(to, data.getData() + (i / perBatch * batchSize + place) * size, row * size);
    to += row * size;
  }
  return success();
}

static graph::ReduceKind combinedBy(graph::ScatterKind kind) {
  switch (kind) {
  case graph::ScatterKind::none:
  case graph::ScatterKind::add:
    return graph::ReduceKind::sum;
  case graph::ScatterKind::mul:
    return graph::ReduceKind::prod;
  case graph::ScatterKind::max:
    return graph::ReduceKind::max;
  case graph::ScatterKind::min:
    return graph::ReduceKind::min;
  }
  return graph::ReduceKind::sum;
}

/// Combines runs of `row` updates with the elements from each place on, in order. Each update is an operation of the element type:
/// what it gives is rounded before the next one.
static void scatter(graph::ScatterKind kind, const Tensor &data, const Tensor &updates, ArrayRef<int64_t> places, int64_t row,
                    Tensor &result) {
  Kind element = data.getKind();
  withWideType(element, [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> values = data.readAll<T>(), next = updates.readAll<T>();
    for (auto [i, place] : llvm::enumerate(places))
      for (int64_t j = 0; j < row && place >= 0; ++j) {
        T &value = values[place + j], update = next[i * row + j];
        value = kind == graph::ScatterKind::none ? update : combineElements(combinedBy(kind), element, value, update);
        if constexpr (std::is_same_v<T, double>)
          value = roundTo(element, value);
      }
    result.writeAll(values);
  });
}

LogicalResult tensel::reference::evaluate(graph::ScatterElementsOp op, Operands operands, Results results) {
  const Tensor &data = operands[0], &indices = operands[1], &updates = operands[2];
  if (updates.getDims() != indices.getDims())
    return op.emitError("'graph.scatter_elements': expected updates of dims [")
           << indices.getDims() << "], found [" << updates.getDims() << "]";
  scatter(op.getKind(), data, updates, elementPlaces(data, indices, op.getAxis()), 1, results[0]);
  return success();
}

LogicalResult tensel::reference::evaluate(graph::ScatterNdOp op, Operands operands, Results results) {
  const Tensor &data = operands[0], &indices = operands[1], &updates = operands[2];
  int64_t length = indices.getDims().back(), row = productOf(data.getDims().drop_front(length));
  int64_t tuples = productOf(indices.getDims().drop_back());
  if (updates.getCount() != tuples * row)
    return op.emitError("'graph.scatter_nd': expected ") << tuples * row << " updates, found " << updates.getCount();
  Ints strides = rowMajorStrides(data.getDims());
  std::vector<int64_t> values = indices.readAll<int64_t>(), places;
  for (int64_t i = 0; i < tuples; ++i)
    places.push_back(tuplePlace(data, ArrayRef(values).slice(i * length, length), 0, strides));
  scatter(op.getKind(), data, updates, places, row, results[0]);
  return success();
}

LogicalResult tensel::reference::evaluate(graph::NonZeroOp op, Operands operands, Results results) {
  const Tensor &input = operands[0];
  std::vector<double> values = input.readAll<double>();
  int64_t count = results[0].getDim(1), found = 0, next = 0;
  std::vector<int64_t> indices(results[0].getCount());
  forEachPosition(input.getDims(), [&](ArrayRef<int64_t> position) {
    if (values[next++] == 0 || found == count)
      return;
    for (auto [d, at] : llvm::enumerate(position))
      indices[d * count + found] = at;
    ++found;
  });
  results[0].writeAll(indices);
  return success();
}
