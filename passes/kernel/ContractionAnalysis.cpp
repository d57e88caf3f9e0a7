// Recognises contraction kernels and sorts their loops into outer, M, N and K; see Contraction.h.
#include "passes/kernel/Contraction.h"
#include "passes/kernel/KernelInfo.h"

using namespace mlir;

namespace tensel {
namespace {
/// The argument behind a tensor, seen through reshapes to static shapes.
BlockArgument sourceArgument(Value v) {
  while (Operation *op = v.getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op) || !cast<RankedTensorType>(v.getType()).hasStaticShape())
      return op->getName().getStringRef() == "bufferization.to_tensor" ? dyn_cast<BlockArgument>(op->getOperand(0)) : BlockArgument();
    v = op->getOperand(0);
  }
  return dyn_cast<BlockArgument>(v);
}

bool isZeroFill(Value v) {
  if (auto fill = v.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
  if (auto generic = v.getDefiningOp<linalg::GenericOp>())
    return generic.getNumDpsInputs() == 0 && matchPattern(generic.getBody()->getTerminator()->getOperand(0), m_AnyZeroFloat());
  return matchPattern(v, m_AnyZeroFloat());
}

/// The epilogue is applied to vectors, so its body must be ops that work on vectors as they do on scalars.
bool isVectorizable(linalg::GenericOp op) {
  for (Operation &inner : op.getBody()->without_terminator())
    if (!isa<arith::ConstantOp>(inner) && !OpTrait::hasElementwiseMappableTraits(&inner))
      return false;
  return op.getMatchingBlockArgument(op.getDpsInitOperand(0)).use_empty();
}

/// Adds scale * expr to the coefficients; `expr` is linear.
void addCoefficients(IndexMath &m, AffineExpr expr, Value scale, FlatOperand &operand) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    operand.coefs[dim.getPosition()] = m.add(operand.coefs[dim.getPosition()], scale);
  } else if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    if (constant.getValue())
      operand.base = m.add(operand.base, m.mul(scale, m.constant(constant.getValue())));
  } else {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    if (binary.getKind() == AffineExprKind::Add) {
      addCoefficients(m, binary.getLHS(), scale, operand);
      addCoefficients(m, binary.getRHS(), scale, operand);
    } else {
      addCoefficients(m, binary.getLHS(), m.stride(scale, m.constant(cast<AffineConstantExpr>(binary.getRHS()).getValue())), operand);
    }
  }
}

/// `shape` is the tensor type that `map` indexes, which may be a reshaped view of the argument.
FlatOperand flatten(IndexMath &m, DimNames &names, Value memref, RankedTensorType shape, AffineMap map, unsigned numLoops) {
  FlatOperand operand;
  operand.coefs.resize(numLoops);
  Value stride = m.constant(1), total = stride;
  auto type = cast<MemRefType>(memref.getType());
  bool reshaped = shape.getShape() != type.getShape();
  for (int64_t d = shape.getRank(); d-- > 0;) {
    Value size = reshaped ? m.constant(shape.getDimSize(d)) : names.get(m.b, m.loc, memref, d);
    if (shape.getDimSize(d) != 1)
      addCoefficients(m, map.getResult(d), stride, operand);
    stride = m.stride(stride, size);
  }
  total = stride;
  auto flat = MemRefType::get({ShapedType::kDynamic}, type.getElementType());
  operand.flat = memref::ReinterpretCastOp::create(m.b, m.loc, flat, memref, OpFoldResult(m.b.getIndexAttr(0)), ArrayRef<OpFoldResult>{total},
                                                   ArrayRef<OpFoldResult>{m.b.getIndexAttr(1)});
  return operand;
}
} // namespace

std::optional<ContractionMatch> matchContraction(func::FuncOp func) {
  auto *ret = func.getBody().front().getTerminator();
  if (ret->getNumOperands() != 1)
    return std::nullopt;
  ContractionMatch match;
  auto root = ret->getOperand(0).getDefiningOp<linalg::GenericOp>();
  if (!root || root->getNumResults() != 1)
    return std::nullopt;
  if (isContraction(root)) {
    match.contraction = root;
  } else {
    if (!isElementwise(root) || !isVectorizable(root))
      return std::nullopt;
    match.epilogue = root;
    AffineMap outMap = root.getMatchingIndexingMap(root.getDpsInitOperand(0));
    if (!outMap.isPermutation())
      return std::nullopt;
    for (OpOperand *input : root.getDpsInputOperands()) {
      AffineMap map = root.getMatchingIndexingMap(input);
      auto type = dyn_cast<RankedTensorType>(input->get().getType());
      auto producer = input->get().getDefiningOp<linalg::GenericOp>();
      if (producer && isContraction(producer)) {
        if (match.contraction || map != outMap)
          return std::nullopt;
        match.contraction = producer;
        match.resultInput = input->getOperandNumber();
      } else if (type && (!sourceArgument(input->get()) || !map.isProjectedPermutation(/*allowZeroInResults=*/true) || type.getElementType().isInteger(1))) {
        return std::nullopt;
      }
    }
    if (!match.contraction)
      return std::nullopt;
  }
  linalg::GenericOp op = match.contraction;
  auto result = cast<RankedTensorType>(op.getResult(0).getType());
  Type element = result.getElementType();
  if (!(element.isF32() || element.isF64()) || !isZeroFill(op.getDpsInits()[0]))
    return std::nullopt;
  // The partial sums live in the output while K is blocked, so it has the accumulator's type.
  if (cast<RankedTensorType>(root.getResult(0).getType()).getElementType() != element)
    return std::nullopt;
  for (Value input : op.getDpsInputs())
    if (auto type = dyn_cast<RankedTensorType>(input.getType()); !type || !sourceArgument(input) || type.getElementType() != element)
      return std::nullopt;
  return match;
}

FailureOr<Contraction> describeContraction(ContractionMatch match, func::FuncOp func, DimNames &names, IndexMath &m) {
  linalg::GenericOp op = match.contraction;
  unsigned loops = op.getNumLoops();
  Contraction c;
  c.epilogue = match.epilogue;
  c.resultInput = match.resultInput;
  AffineMap outMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto resultType = cast<RankedTensorType>(op.getResult(0).getType());
  Value outMemref = func.getArguments().back();

  // The output, written through the epilogue's map: its loops are dims of the contraction's result.
  AffineMap stored = outMap;
  if (match.epilogue) {
    AffineMap map = match.epilogue.getMatchingIndexingMap(match.epilogue.getDpsInitOperand(0));
    if (!map.isIdentity())
      return failure();
  }
  c.out = flatten(m, names, outMemref, resultType, stored, loops);
  SmallVector<FlatOperand> inputs;
  for (OpOperand *input : op.getDpsInputOperands())
    inputs.push_back(flatten(m, names, sourceArgument(input->get()), cast<RankedTensorType>(input->get().getType()), op.getMatchingIndexingMap(input), loops));
  if (match.epilogue)
    for (OpOperand *input : match.epilogue.getDpsInputOperands()) {
      c.extra.emplace_back();
      auto type = dyn_cast<RankedTensorType>(input->get().getType());
      if (input->getOperandNumber() == match.resultInput || !type)
        continue;
      AffineMap map = match.epilogue.getMatchingIndexingMap(input).compose(outMap);
      c.extra.back() = flatten(m, names, sourceArgument(input->get()), type, map, loops);
    }

  // Sizes of loops: a dim of some operand that runs along exactly that loop.
  SmallVector<Value> sizes(loops);
  SmallVector<int64_t> staticSizes = op.getStaticLoopRanges();
  for (unsigned d = 0; d < loops; ++d) {
    if (ShapedType::isStatic(staticSizes[d])) {
      sizes[d] = m.constant(staticSizes[d]);
      continue;
    }
    AffineExpr dim = getAffineDimExpr(d, op.getContext());
    for (OpOperand &operand : op->getOpOperands())
      if (auto at = op.getMatchingIndexingMap(&operand).getResultPosition(dim); at && !sizes[d]) {
        Value memref = &operand == op.getDpsInitOperand(0) ? outMemref : Value(sourceArgument(operand.get()));
        if (cast<MemRefType>(memref.getType()).getRank() == cast<RankedTensorType>(operand.get().getType()).getRank())
          sizes[d] = names.get(m.b, m.loc, memref, *at);
      }
    if (!sizes[d])
      return failure();
  }

  // The innermost loop of the output decides which operand is loaded as vectors.
  auto isUnit = [&](unsigned d) { return getConstantIntValue(sizes[d]) == 1; };
  auto kinds = op.getIteratorTypesArray();
  std::optional<unsigned> inner;
  SmallVector<unsigned> order; // plain output loops, innermost first, up to the first compound index
  for (AffineExpr expr : llvm::reverse(outMap.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      break;
    if (!isUnit(dim.getPosition()))
      order.push_back(dim.getPosition());
  }
  if (order.empty())
    return failure();
  inner = order.front();
  bool first = inputs[0].coefs[*inner] != nullptr, second = inputs[1].coefs[*inner] != nullptr;
  if (first == second)
    return failure();
  c.vector = inputs[first ? 0 : 1];
  c.scalar = inputs[first ? 1 : 0];

  // Grow N outwards while the scalar operand stands still and every epilogue operand either moves by 1 per column or stands still.
  for (unsigned d : order) {
    if (c.scalar.coefs[d])
      break;
    LoopGroup wider = c.n;
    wider.dims.insert(wider.dims.begin(), d);
    wider.sizes.insert(wider.sizes.begin(), sizes[d]);
    bool fits = llvm::all_of(c.extra, [&](const std::optional<FlatOperand> &operand) {
      return !operand || !wider.moves(*operand) || getConstantIntValue(wider.commonStride(m, *operand)) == 1;
    });
    if (!fits)
      break;
    c.n = wider;
  }
  if (c.n.dims.empty() || getConstantIntValue(c.n.commonStride(m, c.out)) != 1)
    return failure();
  for (unsigned d = 0; d < loops; ++d) {
    if (isUnit(d) || llvm::is_contained(c.n.dims, d))
      continue;
    LoopGroup &group = kinds[d] == utils::IteratorType::reduction ? c.k : (c.scalar.coefs[d] && !c.vector.coefs[d]) ? c.m : c.outer;
    group.dims.push_back(d);
    group.sizes.push_back(sizes[d]);
  }
  for (LoopGroup *group : {&c.outer, &c.m, &c.n, &c.k}) {
    group->total = m.constant(1);
    for (Value size : group->sizes)
      group->total = m.stride(group->total, size);
  }
  return c;
}
} // namespace tensel
