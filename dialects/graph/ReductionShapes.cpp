// Result dims, folds and costs of reductions, arg-reductions, running reductions, top-k and softmax.
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace tensel::graph;

/// `dims` without `axes`, or with them as 1.
static LogicalResult reduceDims(ShapeContext &s, Value input, ArrayRef<int64_t> axes, bool keepDims, DimLists &results) {
  DimList dims;
  int64_t rank = cast<RankedTensorType>(input.getType()).getRank();
  for (int64_t axis : axes)
    if (axis < 0 || axis >= rank)
      return s.fail("axis " + Twine(axis) + " is outside of a tensor of rank " + Twine(rank));
  for (int64_t i = 0; i < rank; ++i) {
    if (!llvm::is_contained(axes, i))
      dims.push_back(s.dim(input, i));
    else if (keepDims)
      dims.push_back(1);
  }
  results.push_back(dims);
  return success();
}

LogicalResult ReduceOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  return reduceDims(s, adaptor.getInput(), adaptor.getAxes(), adaptor.getKeepDims(), results);
}

Dim ReduceOp::countOps(ShapeContext &s) { return s.product(s.dims(getInput())); }

OpFoldResult ReduceOp::fold(FoldAdaptor) {
  bool isIdentity = getAxes().empty() && getInput().getType() == getType();
  return isIdentity ? OpFoldResult(getInput()) : OpFoldResult();
}

LogicalResult ArgReduceOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  return reduceDims(s, adaptor.getInput(), {static_cast<int64_t>(adaptor.getAxis())}, adaptor.getKeepDims(), results);
}

LogicalResult CumulateOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  results.push_back(s.dims(adaptor.getInput()));
  return success();
}

LogicalResult TopKOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList dims = s.dims(adaptor.getInput());
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= static_cast<int64_t>(dims.size()))
    return s.fail("axis " + Twine(axis) + " is outside of a tensor of rank " + Twine(dims.size()));
  Dim k = s.element(adaptor.getK(), 0);
  if (k.constant && dims[axis].constant && *k.constant > *dims[axis].constant)
    return s.fail("k is " + Twine(*k.constant) + ", expected at most " + Twine(*dims[axis].constant));
  dims[axis] = k;
  results.push_back(dims);
  results.push_back(dims);
  return success();
}

LogicalResult SoftmaxOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  results.push_back(s.dims(adaptor.getInput()));
  return success();
}
