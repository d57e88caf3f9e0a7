// Normalizations keep their input's dims.
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace tensel::graph;

template <typename Adaptor>
static LogicalResult keepDims(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  results.push_back(s.dims(adaptor.getInput()));
  return success();
}

LogicalResult LayerNormOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) { return keepDims(adaptor, s, results); }
LogicalResult RmsNormOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) { return keepDims(adaptor, s, results); }
LogicalResult BatchNormOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) { return keepDims(adaptor, s, results); }
LogicalResult InstanceNormOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  return keepDims(adaptor, s, results);
}
LogicalResult GroupNormOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) { return keepDims(adaptor, s, results); }
