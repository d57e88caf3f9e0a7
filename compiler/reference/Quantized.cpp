// Ops on block formats, by the formats' description.
#include "compiler/reference/Families.h"
#include "dialects/blocks/BlockFormat.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;

template <typename T>
static void dequantize(const blocks::BlockFormat &format, const Tensor &input, Tensor &result) {
  const auto *block = reinterpret_cast<const uint8_t *>(input.getData());
  char *to = result.getMutableData();
  std::vector<T> numbers(format.elements);
  for (int64_t i = 0, n = result.getCount(); i < n; i += format.elements, block += format.bytes) {
    format.dequantize(block, numbers.data());
    std::memcpy(to + i * sizeof(T), numbers.data(), numbers.size() * sizeof(T));
  }
}

LogicalResult tensel::reference::evaluate(graph::DequantizeOp op, Operands operands, Results results) {
  const blocks::BlockFormat &format = *blocks::findBlockFormat(op.getFormat());
  if (results[0].getKind() == Kind::F64)
    dequantize<double>(format, operands[0], results[0]);
  else
    dequantize<float>(format, operands[0], results[0]);
  return success();
}
