// Offsets and strides of groups of loops; see Contraction.h.
#include "passes/kernel/Contraction.h"

using namespace mlir;

namespace tensel {
bool LoopGroup::moves(const FlatOperand &operand) const {
  return llvm::any_of(dims, [&](unsigned d) { return operand.coefs[d] != nullptr; });
}

/// Equal values: the same, or the same constant.
static bool same(Value x, Value y) {
  if (!x || !y)
    return false;
  auto cx = getConstantIntValue(x), cy = getConstantIntValue(y);
  return x == y || (cx && cx == cy);
}

Value LoopGroup::commonStride(IndexMath &m, const FlatOperand &operand) const {
  if (dims.empty())
    return {};
  for (size_t i = 0; i + 1 < dims.size(); ++i)
    if (!same(operand.coefs[dims[i]], m.stride(operand.coefs[dims[i + 1]], sizes[i + 1])) &&
        !same(operand.coefs[dims[i]], m.stride(sizes[i + 1], operand.coefs[dims[i + 1]])))
      return {};
  return operand.coefs[dims.back()];
}

Value LoopGroup::offset(IndexMath &m, const FlatOperand &operand, Value flat) const {
  if (!moves(operand))
    return {};
  if (Value stride = commonStride(m, operand))
    return m.mul(flat, stride);
  Value sum;
  for (size_t i = dims.size(); i-- > 0;) {
    Value index = i ? m.rem(flat, sizes[i]) : flat;
    sum = m.add(sum, m.mul(index, operand.coefs[dims[i]]));
    if (i)
      flat = m.div(flat, sizes[i]);
  }
  return sum;
}
} // namespace tensel
