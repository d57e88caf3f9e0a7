// Result dims of ops on block formats.
#include "dialects/blocks/PackedFormat.h"
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

/// The format called `name`, and the blocks of a row of `bytes` bytes.
static const blocks::BlockFormat *formatOf(ShapeContext &s, StringRef name) {
  const blocks::BlockFormat *format = blocks::findBlockFormat(name);
  if (!format)
    (void)s.fail("found block format '" + name + "', expected one of " + knownFormats());
  return format;
}

static LogicalResult checkWholeBlocks(ShapeContext &s, const DimList &dims, const blocks::BlockFormat &format) {
  if (dims.empty())
    return s.fail("expected blocks along the last dim, found a tensor of rank 0");
  if (dims.back().constant && *dims.back().constant % format.bytes)
    return s.fail("expected rows of whole blocks of " + Twine(format.bytes) + " bytes, found " + Twine(*dims.back().constant));
  return success();
}

LogicalResult DequantizeOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  const blocks::BlockFormat *format = formatOf(s, adaptor.getFormat());
  DimList dims = s.dims(adaptor.getInput());
  if (!format || failed(checkWholeBlocks(s, dims, *format)))
    return failure();
  dims.back() = s.mul(s.floorDiv(dims.back(), format->bytes), format->elements);
  results.push_back(dims);
  return success();
}

LogicalResult QuantizeRowsOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList dims = s.dims(adaptor.getInput());
  if (dims.empty() || (dims.back().constant && *dims.back().constant % blocks::chunkElements))
    return s.fail("expected rows of a multiple of 32 elements, found " +
                  (dims.empty() ? Twine("a tensor of rank 0") : Twine(*dims.back().constant)));
  int64_t group = adaptor.getGroup();
  if (group != 16 && group != 32)
    return s.fail("expected sums of 16 or 32 elements, found " + Twine(group));
  int64_t bits = adaptor.getBits();
  if (bits != 8 && bits != 16)
    return s.fail("expected integers of 8 or 16 bits, found " + Twine(bits));
  DimList quants = dims;
  quants.back() = s.mul(dims.back(), bits / 8);
  results.push_back(quants);
  DimList scales = dims, sums = dims;
  scales.back() = bits == 16 ? Dim(1) : s.floorDiv(dims.back(), blocks::chunkElements);
  sums.back() = s.floorDiv(dims.back(), group);
  results.push_back(scales);
  results.push_back(sums);
  return success();
}

LogicalResult PackBlocksOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  const blocks::BlockFormat *format = formatOf(s, adaptor.getFormat());
  DimList dims = s.dims(adaptor.getInput());
  if (!format || failed(checkWholeBlocks(s, dims, *format)))
    return failure();
  if (dims.size() < 2)
    return s.fail("expected rows of blocks, found a tensor of rank 1");
  dims[dims.size() - 2] = s.ceilDiv(dims[dims.size() - 2], blocks::stripRows);
  dims.back() = s.mul(s.floorDiv(dims.back(), format->bytes), blocks::PackedFormat(*format).tileBytes());
  results.push_back(dims);
  return success();
}

LogicalResult BlockMatmulOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  const blocks::BlockFormat *format = formatOf(s, adaptor.getFormat());
  if (!format)
    return failure();
  const blocks::PackedFormat packed(*format);
  DimList quants = s.dims(adaptor.getQuants()), weight = s.dims(adaptor.getWeight()), scales = s.dims(adaptor.getScales()),
          sums = s.dims(adaptor.getSums());
  if (quants.size() < weight.size() || quants.size() < 2 || weight.size() < 2 || weight.size() > 3 ||
      scales.size() != quants.size() || sums.size() != quants.size())
    return s.fail("expected quants [..., M, K] and a weight of rank 2 or 3, found ranks " + Twine(quants.size()) + " and " +
                  Twine(weight.size()));
  auto check = [&](StringRef what, Dim found, int64_t expected) {
    if (found.constant && *found.constant != expected)
      return s.fail(what + ": expected " + Twine(expected) + ", found " + Twine(*found.constant));
    return success();
  };
  int64_t columns = adaptor.getColumns();
  if (columns < 1)
    return s.fail("expected one or more columns, found " + Twine(columns));
  if (failed(check("strips of the weight", weight[weight.size() - 2], llvm::divideCeil(columns, int64_t(blocks::stripRows)))))
    return failure();
  if (sums.back().constant) {
    int64_t k = *sums.back().constant * packed.group;
    if (k % format->elements)
      return s.fail("expected rows of whole blocks of " + Twine(format->elements) + " elements, found " + Twine(k));
    if (failed(check("bytes of a strip", weight.back(), k / format->elements * packed.tileBytes())))
      return failure();
    if (quants.back().constant && !quants.back().is(k) && !quants.back().is(2 * k))
      return s.fail("expected quants of " + Twine(k) + " or " + Twine(2 * k) + " bytes a row, found " +
                    Twine(*quants.back().constant));
    if (quants.back().constant &&
        failed(check("scales of a row", scales.back(), quants.back().is(k) ? k / blocks::chunkElements : 1)))
      return failure();
  }
  if (weight.size() == 3) {
    Dim &batch = quants[quants.size() - 3];
    if (batch.constant && weight[0].constant && *batch.constant != 1 && *batch.constant != *weight[0].constant)
      return s.fail("expected 1 or " + Twine(*weight[0].constant) + " batches of quants, found " + Twine(*batch.constant));
    batch = weight[0];
  }
  quants.back() = columns;
  results.push_back(quants);
  return success();
}

Dim BlockMatmulOp::countOps(ShapeContext &s) {
  const blocks::PackedFormat packed(*blocks::findBlockFormat(getFormat()));
  return s.product({2, s.product(s.dims(getResult())), s.dims(getSums()).back(), packed.group});
}
