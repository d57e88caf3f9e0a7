// Result dims from actual tensors, through the ops' one shape function; see ConcreteShapes.h.
#include "compiler/reference/ConcreteShapes.h"

#include <cmath>

using namespace mlir;
using namespace tensel::graph;
using namespace tensel::reference;

const Tensor *ConcreteShapes::find(Value value) const {
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (operand == value)
      return &operands[i];
  return nullptr;
}

Dim ConcreteShapes::unknownDim(Value value, int64_t index) {
  const Tensor *tensor = find(value);
  return tensor && index < tensor->getRank() ? Dim(tensor->getDim(index)) : Dim();
}

Dim ConcreteShapes::unknownElement(Value value, int64_t index) {
  const Tensor *tensor = find(value);
  return tensor && index < tensor->getCount() ? Dim(tensor->getInt(index)) : Dim();
}

Dim ConcreteShapes::dataDependent(Value, StringRef) {
  if (isa<RangeOp>(op)) {
    double start = operands[0].getDouble(0), limit = operands[1].getDouble(0), delta = operands[2].getDouble(0);
    double count = std::ceil((limit - start) / delta);
    return count > 0 && count < 0x1p40 ? Dim(static_cast<int64_t>(count)) : count <= 0 ? Dim(0) : Dim();
  }
  return {};
}

Dim ConcreteShapes::scaled(Dim dim, Value scales, int64_t index) {
  const Tensor *tensor = find(scales);
  if (!tensor || !dim.constant || index >= tensor->getCount())
    return {};
  return Dim(static_cast<int64_t>(std::floor(static_cast<double>(*dim.constant) * tensor->getDouble(index))));
}

FailureOr<SmallVector<SmallVector<int64_t>>> ConcreteShapes::infer() {
  SmallVector<DimList> lists;
  if (failed(cast<ShapedOpInterface>(op).inferShapes(*this, lists)))
    return op->emitError("'") << op->getName() << "': " << (error.empty() ? "operands do not fit together" : error);
  SmallVector<SmallVector<int64_t>> shapes;
  for (const DimList &list : lists) {
    SmallVector<int64_t> dims;
    for (Dim dim : list) {
      if (!dim.constant)
        return op->emitError("'") << op->getName() << "': result dim " << dims.size() << " cannot be computed from the operands";
      dims.push_back(*dim.constant);
    }
    if (!Tensor::countOf(dims))
      return op->emitError("'") << op->getName() << "': a result of dims [" << dims
                                << "] cannot be made, expected dims of 0 or more and at most 2^37 elements";
    shapes.push_back(std::move(dims));
  }
  return shapes;
}
