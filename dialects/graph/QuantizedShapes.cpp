// Result dims of ops on block formats.
#include "dialects/blocks/BlockFormat.h"
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::graph;

static std::string knownFormats() {
  std::string names;
  for (const blocks::BlockFormat &format : blocks::blockFormats())
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  return names;
}

LogicalResult DequantizeOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  const blocks::BlockFormat *format = blocks::findBlockFormat(adaptor.getFormat());
  if (!format)
    return s.fail("found block format '" + adaptor.getFormat() + "', expected one of " + knownFormats());
  DimList dims = s.dims(adaptor.getInput());
  if (dims.empty())
    return s.fail("expected blocks along the last dim, found a tensor of rank 0");
  if (dims.back().constant && *dims.back().constant % format->bytes)
    return s.fail("expected rows of whole blocks of " + Twine(format->bytes) + " bytes, found " + Twine(*dims.back().constant));
  dims.back() = s.mul(s.floorDiv(dims.back(), format->bytes), format->elements);
  results.push_back(dims);
  return success();
}
