// Mistakes of the kinds that passes on the graph make; see Planted.h.
#include "dialects/graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "tools/planted/Planted.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace tensel;

namespace {
RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

void forward(Operation *op, Value value) {
  op->getResult(0).replaceAllUsesWith(value);
  op->erase();
}

/// A 1-D constant of i64, changed element by element.
template <typename Change>
bool changeInts(OpOperand &operand, Change change) {
  DenseIntElementsAttr elements;
  if (!matchPattern(operand.get(), m_Constant(&elements)) || !elements.getElementType().isInteger(64))
    return false;
  OpBuilder b(operand.getOwner());
  auto values = llvm::map_to_vector(elements, [](const APInt &value) { return value.getSExtValue(); });
  SmallVector<int64_t> before = values;
  change(values);
  if (values == before)
    return false;
  operand.set(graph::makeShape(b, operand.getOwner()->getLoc(), values));
  return true;
}

bool swapOperands(Operation *op) {
  if (!isa<graph::SubOp, graph::DivOp, graph::PowOp>(op) || op->getOperand(0) == op->getOperand(1))
    return false;
  op->setOperands({op->getOperand(1), op->getOperand(0)});
  return true;
}

bool dropTerm(Operation *op) {
  if (!isa<graph::AddOp>(op) || op->getOperand(0).getType() != op->getResult(0).getType())
    return false;
  forward(op, op->getOperand(0));
  return true;
}

/// x + y -> (x + y) + y
bool addTwice(Operation *op) {
  if (!isa<graph::AddOp>(op) || op->getUsers().empty())
    return false;
  OpBuilder b(op->getContext());
  b.setInsertionPointAfter(op);
  Operation *again = b.clone(*op);
  op->getResult(0).replaceAllUsesExcept(again->getResult(0), again);
  again->setOperand(0, op->getResult(0));
  return true;
}

/// Where the other axis gives the same type.
bool changeAxis(Operation *op) {
  auto axis = op->getAttrOfType<IntegerAttr>("axis");
  auto type = op->getNumOperands() == 1 ? dyn_cast<RankedTensorType>(op->getOperand(0).getType()) : RankedTensorType();
  if (!axis || !type || type.getRank() < 2 || type != op->getResult(0).getType())
    return false;
  op->setAttr("axis", IntegerAttr::get(axis.getType(), (axis.getInt() + 1) % type.getRank()));
  return true;
}

/// Of a reduction over the last axis, where the one before it has the same dim; what uses it must broadcast it.
bool changeReducedAxis(Operation *op) {
  auto reduce = dyn_cast<graph::ReduceOp>(op);
  if (!reduce || reduce.getAxes().size() != 1)
    return false;
  auto type = typeOf(reduce.getInput());
  int64_t axis = reduce.getAxes()[0], rank = type.getRank();
  axis += axis < 0 ? rank : 0;
  if (axis == 0 || type.isDynamicDim(axis) || type.getDimSize(axis) != type.getDimSize(axis - 1))
    return false;
  if (reduce.getKeepDims()) {
    if (llvm::any_of(op->getUsers(), [&](Operation *user) { return user->getResultTypes() != TypeRange(type); }))
      return false;
    SmallVector<int64_t> dims(typeOf(reduce.getResult()).getShape());
    std::swap(dims[axis], dims[axis - 1]);
    reduce.getResult().setType(RankedTensorType::get(dims, typeOf(reduce.getResult()).getElementType()));
  }
  reduce.setAxes({axis - 1});
  return true;
}

bool shiftSlice(Operation *op) {
  auto slice = dyn_cast<graph::SliceOp>(op);
  auto shift = [](SmallVectorImpl<int64_t> &values) {
    for (int64_t &value : values)
      ++value;
  };
  return slice && changeInts(slice.getStartsMutable(), shift) && changeInts(slice.getEndsMutable(), shift);
}

/// One more before, one less behind.
bool shiftPad(Operation *op) {
  auto pad = dyn_cast<graph::PadOp>(op);
  return pad && changeInts(pad.getPadsMutable(), [](SmallVectorImpl<int64_t> &pads) {
           for (size_t d = 0, rank = pads.size() / 2; d < rank; ++d)
             std::swap(pads[d], pads[rank + d]);
         });
}

bool changeConstant(Operation *op) {
  auto constant = dyn_cast<graph::ConstantOp>(op);
  auto values = constant ? dyn_cast<DenseFPElementsAttr>(constant.getValue()) : DenseFPElementsAttr();
  if (!values || !values.getElementType().isF32())
    return false;
  constant.setValueAttr(
      values.mapValues(values.getElementType(), [](const APFloat &value) { return (value + APFloat(0.25f)).bitcastToAPInt(); }));
  return true;
}

/// An integer that is computed with was folded for other dims.
bool keepStaleShape(Operation *op) {
  return isa<graph::CastOp, graph::GatherOp>(op) && changeInts(op->getOpOperand(0), [](SmallVectorImpl<int64_t> &values) {
           for (int64_t &value : values)
             ++value;
         });
}

bool dropOp(Operation *op) {
  if (!isa<graph::ReluOp, graph::NegOp, graph::AbsOp>(op))
    return false;
  forward(op, op->getOperand(0));
  return true;
}

bool changeReduction(Operation *op) {
  auto reduce = dyn_cast<graph::ReduceOp>(op);
  if (!reduce)
    return false;
  reduce.setKind(reduce.getKind() == graph::ReduceKind::sum ? graph::ReduceKind::max : graph::ReduceKind::sum);
  return true;
}

bool flipTranspose(Operation *op) {
  auto matmul = dyn_cast<graph::MatmulOp>(op);
  auto type = matmul ? typeOf(matmul.getRhs()) : RankedTensorType();
  if (!type || type.getRank() < 2 || type.getDimSize(type.getRank() - 1) != type.getDimSize(type.getRank() - 2))
    return false;
  matmul.setTransposeRhs(!matmul.getTransposeRhs());
  return true;
}

/// Two axes of one size change places.
bool changePermutation(Operation *op) {
  auto transpose = dyn_cast<graph::TransposeOp>(op);
  if (!transpose)
    return false;
  auto type = typeOf(transpose.getResult());
  SmallVector<int64_t> permutation(transpose.getPermutation());
  for (int64_t a = 0; a < type.getRank(); ++a)
    for (int64_t b = a + 1; b < type.getRank(); ++b)
      if (type.getDimSize(a) == type.getDimSize(b) && !type.isDynamicDim(a) && type.getDimSize(a) > 1) {
        std::swap(permutation[a], permutation[b]);
        transpose.setPermutation(permutation);
        return true;
      }
  return false;
}

bool repeatOperand(Operation *op) {
  auto concat = dyn_cast<graph::ConcatOp>(op);
  if (!concat || concat->getNumOperands() < 2 || concat->getOperand(0).getType() != concat->getOperand(1).getType())
    return false;
  concat->setOperand(1, concat->getOperand(0));
  return true;
}

/// x + row -> x + column, for square x.
bool changeBroadcast(Operation *op) {
  if (!isa<graph::AddOp, graph::MulOp, graph::SubOp>(op))
    return false;
  auto type = typeOf(op->getResult(0)), other = typeOf(op->getOperand(1));
  int64_t rank = type.getRank();
  if (rank < 2 || other.getRank() != 1 || other.isDynamicDim(0) || other.getDimSize(0) < 2 ||
      other.getDimSize(0) != type.getDimSize(rank - 2))
    return false;
  OpBuilder b(op);
  auto column = RankedTensorType::get({other.getDimSize(0), 1}, other.getElementType());
  op->setOperand(1, graph::UnsqueezeOp::create(b, op->getLoc(), column, op->getOperand(1), ArrayRef<int64_t>{1}));
  return true;
}

bool changeEquality(Operation *op) {
  auto compare = dyn_cast<graph::CompareOp>(op);
  if (!compare)
    return false;
  using P = graph::ComparePredicate;
  switch (compare.getPredicate()) {
  case P::lt:
    compare.setPredicate(P::le);
    return true;
  case P::le:
    compare.setPredicate(P::lt);
    return true;
  case P::gt:
    compare.setPredicate(P::ge);
    return true;
  case P::ge:
    compare.setPredicate(P::gt);
    return true;
  default:
    return false;
  }
}

/// max(x, y) -> x > y ? x : y, which is y where x is NaN.
bool dropNan(Operation *op) {
  if (!isa<graph::MaxOp>(op) || op->getOperand(0).getType() != op->getOperand(1).getType())
    return false;
  OpBuilder b(op);
  Value x = op->getOperand(0), y = op->getOperand(1);
  auto type = typeOf(x);
  Value greater = graph::CompareOp::create(b, op->getLoc(), RankedTensorType::get(type.getShape(), b.getI1Type()),
                                           graph::ComparePredicate::gt, x, y);
  forward(op, graph::SelectOp::create(b, op->getLoc(), op->getResult(0).getType(), greater, x, y));
  return true;
}

bool swapBranches(Operation *op) {
  auto choice = dyn_cast<graph::IfOp>(op);
  if (!choice)
    return false;
  Region held;
  held.takeBody(choice.getThenRegion());
  choice.getThenRegion().takeBody(choice.getElseRegion());
  choice.getElseRegion().takeBody(held);
  return true;
}

bool dropIteration(Operation *op) {
  auto loop = dyn_cast<graph::LoopOp>(op);
  DenseIntElementsAttr count;
  if (!loop || loop->getNumResults() != loop.getInits().size() || !matchPattern(loop.getTripCount(), m_Constant(&count)))
    return false;
  OpBuilder b(op);
  loop.getTripCountMutable().assign(graph::makeScalar(b, op->getLoc(), b.getI64Type(), (*count.begin()).getSExtValue() - 1));
  return true;
}

/// The body hands on what it got.
bool keepState(Operation *op) {
  auto loop = dyn_cast<graph::LoopOp>(op);
  if (!loop || loop.getInits().empty())
    return false;
  Block &body = loop.getBody().front();
  if (body.getArgument(1).getType() != body.getTerminator()->getOperand(1).getType())
    return false;
  body.getTerminator()->setOperand(1, body.getArgument(1));
  return true;
}

/// f32 through f16.
bool narrowCast(Operation *op) {
  if (!isa<graph::MulOp, graph::CastOp>(op) || !typeOf(op->getResult(0)).getElementType().isF32())
    return false;
  OpBuilder b(op->getContext());
  b.setInsertionPointAfter(op);
  Value value = op->getResult(0);
  Type half = RankedTensorType::get(typeOf(value).getShape(), b.getF16Type());
  auto down = graph::CastOp::create(b, op->getLoc(), half, value, TypeAttr::get(b.getF16Type()));
  auto up = graph::CastOp::create(b, op->getLoc(), value.getType(), down, TypeAttr::get(b.getF32Type()));
  value.replaceAllUsesExcept(up, down);
  return true;
}

bool truncate(Operation *op) {
  if (!isa<graph::RoundOp>(op))
    return false;
  OpBuilder b(op);
  forward(op, graph::TruncOp::create(b, op->getLoc(), op->getResult(0).getType(), op->getOperand(0)));
  return true;
}

/// The index that the row beside is under.
bool changeIndex(Operation *op) {
  auto gather = dyn_cast<graph::GatherOp>(op);
  return gather && changeInts(gather.getIndicesMutable(), [](SmallVectorImpl<int64_t> &values) {
           for (int64_t &value : values)
             value = value > 0 ? value - 1 : value;
         });
}

bool changeTie(Operation *op) {
  auto choice = dyn_cast<graph::ArgReduceOp>(op);
  if (!choice)
    return false;
  choice.setSelectLast(!choice.getSelectLast());
  return true;
}

bool makeExclusive(Operation *op) {
  auto cumulate = dyn_cast<graph::CumulateOp>(op);
  if (!cumulate)
    return false;
  cumulate.setExclusive(!cumulate.getExclusive());
  return true;
}

/// Scales and sums of rounded rows change places, where they are alike.
bool changeScales(Operation *op) {
  auto product = dyn_cast<graph::BlockMatmulOp>(op);
  if (!product || product.getScales().getType() != product.getSums().getType())
    return false;
  product.getSumsMutable().assign(product.getScales());
  return true;
}

/// Takes the value of another op of the same kind and type.
bool mergeUnlike(Operation *op) {
  if (!isa<graph::ElementwiseOpInterface>(op) || op->getNumOperands() != 2)
    return false;
  for (Operation *before = op->getPrevNode(); before; before = before->getPrevNode())
    if (before->getName() == op->getName() && before->getResultTypes() == op->getResultTypes() &&
        before->getOperand(0) == op->getOperand(0) && before->getOperand(1) != op->getOperand(1)) {
      forward(op, before->getResult(0));
      return true;
    }
  return false;
}

bool changeEpsilon(Operation *op) {
  auto constant = dyn_cast<graph::ConstantOp>(op);
  auto values = constant ? dyn_cast<DenseFPElementsAttr>(constant.getValue()) : DenseFPElementsAttr();
  if (!values || !values.isSplat() || values.getSplatValue<APFloat>().convertToDouble() > 0.01 ||
      values.getSplatValue<APFloat>().convertToDouble() <= 0)
    return false;
  constant.setValueAttr(values.mapValues(
      values.getElementType(), [](const APFloat &value) { return APFloat::getZero(value.getSemantics()).bitcastToAPInt(); }));
  return true;
}

/// The padding that is before goes behind.
bool shiftWindow(Operation *op) {
  auto pool = dyn_cast<graph::PoolOp>(op);
  if (!pool || pool.getPadsLow() == pool.getPadsHigh())
    return false;
  SmallVector<int64_t> low(pool.getPadsLow()), high(pool.getPadsHigh());
  pool.setPadsLow(high);
  pool.setPadsHigh(low);
  return true;
}

/// Two neighbours in the middle of those ops or arguments of a function that are of one type: somewhere in a deep model.
template <typename T>
std::optional<std::pair<T, T>> middlePair(ArrayRef<T> all, llvm::function_ref<Type(T)> typeOf) {
  DenseMap<Type, SmallVector<T>> alike;
  for (T one : all)
    alike[typeOf(one)].push_back(one);
  for (T one : all)
    if (ArrayRef<T> list = alike[typeOf(one)]; list.size() > 1)
      return std::pair(list[(list.size() - 1) / 2], list[(list.size() - 1) / 2 + 1]);
  return std::nullopt;
}

bool dropMiddleTerm(Operation *op) {
  auto adds = llvm::to_vector(op->getBlock()->getOps<graph::AddOp>());
  return !adds.empty() && op == adds[adds.size() / 2] && dropTerm(op);
}

bool swapWeights(Operation *op) {
  auto loads = llvm::to_vector(op->getBlock()->getOps<graph::LoadWeightOp>());
  auto pair = middlePair<graph::LoadWeightOp>(loads, [](graph::LoadWeightOp load) { return load.getResult().getType(); });
  if (!pair || op != pair->first)
    return false;
  std::string name = pair->first.getWeight().str();
  pair->first.setWeight(pair->second.getWeight());
  pair->second.setWeight(name);
  return true;
}

/// Two arguments, at all that uses them.
bool swapStates(Operation *op) {
  auto function = dyn_cast<func::FuncOp>(op->getParentOp());
  if (!function || op != &function.front().front())
    return false;
  auto pair =
      middlePair<BlockArgument>(llvm::to_vector(function.getArguments()), [](BlockArgument one) { return one.getType(); });
  if (!pair)
    return false;
  auto [first, second] = *pair;
  function.walk([&](Operation *user) {
    for (OpOperand &operand : user->getOpOperands())
      if (operand.get() == first || operand.get() == second)
        operand.set(operand.get() == first ? second : first);
  });
  return true;
}

constexpr planted::Mistake mistakes[] = {
    {"swapped-operands", swapOperands},
    {"dropped-term", dropTerm},
    {"added-twice", addTwice},
    {"wrong-axis", changeAxis},
    {"wrong-reduced-axis", changeReducedAxis},
    {"shifted-slice", shiftSlice},
    {"shifted-pad", shiftPad},
    {"shifted-window", shiftWindow},
    {"dropped-middle-term", dropMiddleTerm},
    {"swapped-weights", swapWeights},
    {"swapped-states", swapStates},
    {"wrong-constant", changeConstant},
    {"lost-epsilon", changeEpsilon},
    {"stale-shape", keepStaleShape},
    {"dropped-op", dropOp},
    {"wrong-reduction", changeReduction},
    {"wrong-transpose", flipTranspose},
    {"wrong-permutation", changePermutation},
    {"repeated-operand", repeatOperand},
    {"wrong-broadcast", changeBroadcast},
    {"wrong-at-equality", changeEquality},
    {"lost-nan", dropNan},
    {"swapped-branches", swapBranches},
    {"lost-iteration", dropIteration},
    {"stale-state", keepState},
    {"narrow-cast", narrowCast},
    {"truncated", truncate},
    {"wrong-index", changeIndex},
    {"wrong-tie", changeTie},
    {"wrong-scan", makeExclusive},
    {"wrong-scale", changeScales},
    {"merged-unlike", mergeUnlike},
};
} // namespace

llvm::ArrayRef<planted::Mistake> tensel::planted::graphMistakes() { return mistakes; }
