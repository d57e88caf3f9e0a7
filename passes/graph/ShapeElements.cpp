// Elements of small integer tensors as expressions: models compute shapes by tensor ops (shape_of, gather, concat, ...),
// and this is where those become dims again.
#include "passes/graph/SymbolicShapes.h"

using namespace mlir;
using namespace tensel::graph;

namespace tensel {

static constexpr int64_t maxElements = 64;

/// A static integer tensor small enough to be followed element by element; -1 otherwise.
static int64_t smallCount(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || !type.getElementType().isInteger() || type.getRank() > 2 ||
      type.getNumElements() > maxElements)
    return -1;
  return type.getNumElements();
}

static bool isIndexLike(Type type) { return type.isSignlessInteger(64) || type.isSignlessInteger(32); }

Dim SymbolicShapes::unknownElement(Value tensor, int64_t index) {
  auto found = elements.find({tensor, index});
  if (found != elements.end())
    return found->second;
  Dim result;
  if (smallCount(tensor) > index && isIndexLike(elementTypeOf(tensor)))
    result = throughOps(tensor, index);
  if (!result.constant && !result.handle && elementTypeOf(tensor).isSignlessInteger()) {
    Unknown entry;
    entry.kind = Unknown::Element;
    entry.tensor = tensor;
    entry.index = index;
    result = fresh(entry);
  }
  return elements[{tensor, index}] = result;
}

std::optional<bool> SymbolicShapes::compareElements(CompareOp op, int64_t index) {
  auto at = [&](Value operand) { return smallCount(operand) == 1 ? element(operand, 0) : element(operand, index); };
  if (smallCount(op.getLhs()) < 0 || smallCount(op.getRhs()) < 0)
    return std::nullopt;
  AffineExpr a = toExpr(at(op.getLhs())), b = toExpr(at(op.getRhs()));
  if (!a || !b)
    return std::nullopt;
  Range difference = rangeOf(a - b);
  bool below = difference.high < 0, above = difference.low > 0, equal = difference.low == 0 && difference.high == 0;
  auto decide = [](bool yes, bool no) -> std::optional<bool> {
    return yes ? std::optional(true) : no ? std::optional(false) : std::nullopt;
  };
  switch (op.getPredicate()) {
  case ComparePredicate::eq:
    return decide(equal, below || above);
  case ComparePredicate::ne:
    return decide(below || above, equal);
  case ComparePredicate::lt:
    return decide(below, difference.low >= 0);
  case ComparePredicate::le:
    return decide(difference.high <= 0, above);
  case ComparePredicate::gt:
    return decide(above, difference.high <= 0);
  case ComparePredicate::ge:
    return decide(difference.low >= 0, below);
  }
  return std::nullopt;
}

Dim SymbolicShapes::elementwiseElement(Operation *op, int64_t index) {
  for (Value operand : op->getOperands()) {
    int64_t count = smallCount(operand);
    if (count != 1 && count != smallCount(op->getResult(0)))
      return {};
  }
  auto at = [&](unsigned i) { return element(op->getOperand(i), smallCount(op->getOperand(i)) == 1 ? 0 : index); };
  return llvm::TypeSwitch<Operation *, Dim>(op)
      .Case([&](AddOp) { return add(at(0), at(1)); })
      .Case([&](SubOp) { return sub(at(0), at(1)); })
      .Case([&](MulOp) { return mul(at(0), at(1)); })
      .Case([&](MinOp) { return min(at(0), at(1)); })
      .Case([&](MaxOp) { return max(at(0), at(1)); })
      .Case([&](NegOp) { return sub(0, at(0)); })
      .Case([&](DivOp) {
        // Truncation is rounding down where nothing is negative.
        AffineExpr a = toExpr(at(0)), b = toExpr(at(1));
        return a && b && rangeOf(a).low >= 0 && rangeOf(b).low >= 1 ? floorDiv(at(0), at(1)) : Dim();
      })
      .Case([&](CastOp cast) { return isIndexLike(elementTypeOf(cast.getInput())) ? at(0) : Dim(); })
      .Case([&](SelectOp select) {
        auto compare = select.getCondition().getDefiningOp<CompareOp>();
        std::optional<bool> choice;
        if (compare && smallCount(compare.getResult()) > 0)
          choice = compareElements(compare, smallCount(compare.getResult()) == 1 ? 0 : index);
        return choice ? at(*choice ? 1 : 2) : Dim();
      })
      .Default([](Operation *) { return Dim(); });
}

Dim SymbolicShapes::throughOps(Value tensor, int64_t index) {
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return {};
  if (isa<ElementwiseOpInterface>(op))
    return elementwiseElement(op, index);
  return llvm::TypeSwitch<Operation *, Dim>(op)
      .Case([&](ShapeOfOp shape) { return dim(shape.getInput(), index); })
      .Case<ReshapeOp, SqueezeOp, UnsqueezeOp, FlattenOp>(
          [&](auto same) { return smallCount(same.getInput()) > index ? element(same.getInput(), index) : Dim(); })
      .Case([&](ExpandOp expand) { return smallCount(expand.getInput()) == 1 ? element(expand.getInput(), 0) : Dim(); })
      .Case([&](GatherOp gather) -> Dim {
        int64_t size = smallCount(gather.getData());
        if (size < 0 || cast<RankedTensorType>(gather.getData().getType()).getRank() != 1 ||
            smallCount(gather.getIndices()) <= index)
          return {};
        Dim at = element(gather.getIndices(), index);
        if (!at.constant || *at.constant < -size || *at.constant >= size)
          return {};
        return element(gather.getData(), *at.constant < 0 ? *at.constant + size : *at.constant);
      })
      .Case([&](SliceOp slice) -> Dim {
        int64_t size = smallCount(slice.getInput());
        if (size < 0 || cast<RankedTensorType>(slice.getInput().getType()).getRank() != 1 || slice.getAxes().size() != 1)
          return {};
        Dim start = element(slice.getStarts(), 0), step = element(slice.getSteps(), 0);
        if (!start.constant || !step.constant)
          return {};
        int64_t first = *start.constant < 0 ? *start.constant + size : *start.constant;
        int64_t at = std::clamp<int64_t>(first, 0, *step.constant < 0 ? size - 1 : size) + index * *step.constant;
        return at >= 0 && at < size ? element(slice.getInput(), at) : Dim();
      })
      .Case([&](ConcatOp concat) -> Dim {
        if (cast<RankedTensorType>(concat.getResult().getType()).getRank() != 1)
          return {};
        int64_t at = index;
        for (Value input : concat.getInputs()) {
          int64_t size = smallCount(input);
          if (size < 0)
            return {};
          if (at < size)
            return element(input, at);
          at -= size;
        }
        return {};
      })
      .Case([&](ReduceOp reduce) -> Dim {
        int64_t size = smallCount(reduce.getInput());
        bool isProduct = reduce.getKind() == ReduceKind::prod;
        if (size < 0 || smallCount(tensor) != 1 || (!isProduct && reduce.getKind() != ReduceKind::sum))
          return {};
        Dim total = isProduct ? 1 : 0;
        for (int64_t i = 0; i < size; ++i)
          total = isProduct ? mul(total, element(reduce.getInput(), i)) : add(total, element(reduce.getInput(), i));
        return total;
      })
      .Default([](Operation *) { return Dim(); });
}

std::optional<SmallVector<Dim>> SymbolicShapes::knownElements(Value value) {
  int64_t count = smallCount(value);
  if (count < 1 || !isIndexLike(elementTypeOf(value)) || getConstantInts(value))
    return std::nullopt;
  SmallVector<Dim> result;
  for (int64_t i = 0; i < count; ++i) {
    auto found = elements.find({value, i});
    Dim dim = found != elements.end() ? found->second : throughOps(value, i);
    if (!dim.constant && !dim.handle)
      return std::nullopt;
    if (auto symbol = dyn_cast<AffineSymbolExpr>(toExpr(dim)))
      if (const Unknown &entry = unknown(symbol.getPosition()); entry.kind == Unknown::Element && entry.tensor == value)
        return std::nullopt;
    result.push_back(dim);
  }
  return result;
}

} // namespace tensel
