// Result dims of indexed reads and writes.
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace tensel::graph;

static LogicalResult checkAxis(ShapeContext &s, int64_t axis, size_t rank) {
  if (axis < 0 || axis >= static_cast<int64_t>(rank))
    return s.fail("axis " + Twine(axis) + " is outside of a tensor of rank " + Twine(rank));
  return success();
}

LogicalResult GatherOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList data = s.dims(adaptor.getData()), indices = s.dims(adaptor.getIndices());
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(s, axis, data.size())))
    return failure();
  DimList dims(data.begin(), data.begin() + axis);
  dims.append(indices);
  dims.append(data.begin() + axis + 1, data.end());
  results.push_back(dims);
  return success();
}

LogicalResult GatherElementsOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList indices = s.dims(adaptor.getIndices());
  size_t rank = cast<RankedTensorType>(adaptor.getData().getType()).getRank();
  if (rank != indices.size())
    return s.fail("expected indices of rank " + Twine(rank) + ", found " + Twine(indices.size()));
  results.push_back(indices);
  return checkAxis(s, adaptor.getAxis(), rank);
}

/// The static length of index tuples, checked against the dims they may index.
static FailureOr<int64_t> tupleLength(ShapeContext &s, Value indices, int64_t most) {
  auto type = cast<RankedTensorType>(indices.getType());
  if (type.getRank() < 1 || type.isDynamicDim(type.getRank() - 1))
    return s.fail("the last dim of indices must be known");
  int64_t length = type.getShape().back();
  if (length < 0 || length > most)
    return s.fail("expected index tuples of at most " + Twine(most) + " elements, found " + Twine(length));
  return length;
}

LogicalResult GatherNdOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList data = s.dims(adaptor.getData()), dims = s.dims(adaptor.getIndices());
  int64_t batch = adaptor.getBatchDims();
  if (batch < 0 || batch >= static_cast<int64_t>(std::min(data.size(), dims.size())))
    return s.fail("expected batch_dims below both ranks, found " + Twine(batch));
  auto length = tupleLength(s, adaptor.getIndices(), data.size() - batch);
  if (failed(length))
    return failure();
  dims.pop_back();
  dims.append(data.begin() + batch + *length, data.end());
  results.push_back(dims);
  return success();
}

LogicalResult ScatterElementsOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  results.push_back(s.dims(adaptor.getData()));
  size_t rank = results.back().size();
  if (cast<RankedTensorType>(adaptor.getIndices().getType()).getRank() != static_cast<int64_t>(rank))
    return s.fail("expected indices of rank " + Twine(rank));
  return checkAxis(s, adaptor.getAxis(), rank);
}

LogicalResult ScatterNdOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  results.push_back(s.dims(adaptor.getData()));
  return LogicalResult(tupleLength(s, adaptor.getIndices(), results.back().size()));
}

LogicalResult NonZeroOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  int64_t rank = cast<RankedTensorType>(adaptor.getInput().getType()).getRank();
  Dim most = s.product(s.dims(adaptor.getInput()));
  results.push_back({Dim(rank), s.max(0, s.min(s.element(adaptor.getCount(), 0), most))});
  return success();
}
