// Recognises contraction kernels and sorts their loops into outer, M, N and K; see Contraction.h.
#include "dialects/graph/Graph.h"
#include "passes/kernel/Contraction.h"
#include "passes/kernel/KernelInfo.h"

using namespace mlir;

namespace tensel {
namespace {
/// Sizes of the dims of `to`, a reshape of a tensor with sizes `from`; `groups` says which dims of the one with more dims belong together.
SmallVector<Value> reshapeSizes(IndexMath &m, ArrayRef<Value> from, RankedTensorType to, ArrayRef<ReassociationIndices> groups) {
  SmallVector<Value> sizes(to.getRank());
  bool expands = to.getRank() > static_cast<int64_t>(from.size());
  for (int64_t d = 0; d < to.getRank(); ++d)
    sizes[d] = to.isDynamicDim(d) ? Value() : m.constant(to.getDimSize(d));
  for (auto [g, group] : llvm::enumerate(groups)) {
    if (!expands && !sizes[g])
      for (int64_t d : group)
        sizes[g] = sizes[g] ? m.stride(sizes[g], from[d]) : from[d];
    for (int64_t d : group)
      if (expands && !sizes[d]) { // the only dynamic one of its group, or the source does not say more
        Value rest = from[g];
        for (int64_t other : group)
          if (other != d && sizes[other] && getConstantIntValue(sizes[other]) != 1)
            rest = m.div(rest, sizes[other]);
        sizes[d] = rest;
      }
  }
  return sizes;
}

/// Sizes of a tensor that is an argument or a reshape of one.
SmallVector<Value> sizesOf(IndexMath &m, DimNames &names, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Operation *op = tensor.getDefiningOp();
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return reshapeSizes(m, sizesOf(m, names, expand.getSrc()), type, expand.getReassociationIndices());
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return reshapeSizes(m, sizesOf(m, names, collapse.getSrc()), type, collapse.getReassociationIndices());
  SmallVector<Value> sizes;
  for (int64_t d = 0; d < type.getRank(); ++d)
    sizes.push_back(names.get(m.b, m.loc, sourceArgument(tensor), d));
  return sizes;
}

/// Sizes of the kernel's root, whose value is `result`, or `result` after reshapes with sizes `sizes`.
SmallVector<Value> sizesOfRoot(IndexMath &m, Value returned, SmallVector<Value> sizes) {
  if (auto expand = returned.getDefiningOp<tensor::ExpandShapeOp>())
    return sizesOfRoot(m, expand.getSrc(), reshapeSizes(m, sizes, expand.getSrcType(), expand.getReassociationIndices()));
  if (auto collapse = returned.getDefiningOp<tensor::CollapseShapeOp>())
    return sizesOfRoot(m, collapse.getSrc(), reshapeSizes(m, sizes, collapse.getSrcType(), collapse.getReassociationIndices()));
  return sizes;
}

/// The value before the reshapes at the end of the kernel.
Value rootValue(Value returned) {
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(returned.getDefiningOp()))
    returned = returned.getDefiningOp()->getOperand(0);
  return returned;
}

bool isZeroFill(Value v) {
  if (auto fill = v.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
  if (auto generic = v.getDefiningOp<linalg::GenericOp>())
    return generic.getNumDpsInputs() == 0 && matchPattern(generic.getBody()->getTerminator()->getOperand(0), m_AnyZeroFloat());
  return matchPattern(v, m_AnyZeroFloat());
}

/// Whether `map` reads the element that `outMap` writes; unit dims may be read at a constant.
bool readsInPlace(AffineMap map, AffineMap outMap, RankedTensorType type) {
  for (auto [d, exprs] : llvm::enumerate(llvm::zip_equal(map.getResults(), outMap.getResults())))
    if (std::get<0>(exprs) != std::get<1>(exprs) && !(type.getDimSize(d) == 1 && isa<AffineConstantExpr>(std::get<0>(exprs))))
      return false;
  return true;
}

/// The epilogue is applied to vectors, so its body must be ops that work on vectors as they do on scalars.
bool isVectorizable(linalg::GenericOp op) {
  for (Operation &inner : op.getBody()->without_terminator())
    if (!isa<arith::ConstantOp>(inner) && !OpTrait::hasElementwiseMappableTraits(&inner))
      return false;
  return op.getMatchingBlockArgument(op.getDpsInitOperand(0)).use_empty();
}

/// Adds scale * expr to the coefficients; `expr` is a result of a Factor's map.
void addCoefficients(IndexMath &m, AffineExpr expr, Value scale, FlatOperand &operand) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    operand.coefs[dim.getPosition()] = m.add(operand.coefs[dim.getPosition()], scale);
  } else if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    if (constant.getValue())
      operand.base = m.add(operand.base, m.mul(scale, m.constant(constant.getValue())));
  } else {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    auto number = [&] { return cast<AffineConstantExpr>(binary.getRHS()).getValue(); };
    switch (binary.getKind()) {
    case AffineExprKind::Add:
      addCoefficients(m, binary.getLHS(), scale, operand);
      return addCoefficients(m, binary.getRHS(), scale, operand);
    case AffineExprKind::FloorDiv:
      operand.blocks = FlatOperand::Blocks{cast<AffineDimExpr>(binary.getLHS()).getPosition(), number(), scale};
      return;
    case AffineExprKind::Mod: // within a block
      return addCoefficients(m, binary.getLHS(), scale, operand);
    default:
      return addCoefficients(m, binary.getLHS(), m.stride(scale, m.constant(number())), operand);
    }
  }
}

/// The argument `memref` as a flat array, indexed by `map` as if it had dims `sizes`.
FlatOperand flatten(IndexMath &m, Value memref, ArrayRef<Value> sizes, AffineMap map, unsigned numLoops) {
  FlatOperand operand;
  operand.coefs.resize(numLoops);
  Value stride = m.constant(1);
  for (int64_t d = sizes.size(); d-- > 0;) {
    if (getConstantIntValue(sizes[d]) != 1 || map.getResult(d).getKind() == AffineExprKind::FloorDiv)
      addCoefficients(m, map.getResult(d), stride, operand);
    stride = m.stride(stride, sizes[d]);
  }
  auto flat = MemRefType::get({ShapedType::kDynamic}, cast<MemRefType>(memref.getType()).getElementType());
  operand.flat = memref::ReinterpretCastOp::create(m.b, m.loc, flat, memref, OpFoldResult(m.b.getIndexAttr(0)),
                                                   ArrayRef<OpFoldResult>{stride}, ArrayRef<OpFoldResult>{m.b.getIndexAttr(1)});
  return operand;
}
} // namespace

static bool isOrWidensTo(Type type, Type sums) { return type == sums || (sums.isF32() && graph::isHalf(type)); }

std::optional<ContractionMatch> matchContraction(func::FuncOp func) {
  auto *ret = func.getBody().front().getTerminator();
  if (ret->getNumOperands() != 1)
    return std::nullopt;
  ContractionMatch match;
  auto root = rootValue(ret->getOperand(0)).getDefiningOp<linalg::GenericOp>();
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
        if (match.contraction || !readsInPlace(map, outMap, type))
          return std::nullopt;
        match.contraction = producer;
        match.resultInput = input->getOperandNumber();
      } else if (type && (!sourceArgument(input->get()) || !map.isProjectedPermutation(/*allowZeroInResults=*/true) ||
                          type.getElementType().isInteger(1))) {
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
  if (!isOrWidensTo(getElementTypeOrSelf(root.getResult(0).getType()), element))
    return std::nullopt;
  std::array<Factor, 2> factors = *matchSumOfProducts(op);
  for (const Factor &factor : factors)
    if (auto type = dyn_cast<RankedTensorType>(factor.tensor.getType());
        !type || !sourceArgument(factor.tensor) || !isOrWidensTo(type.getElementType(), element))
      return std::nullopt;
  return match;
}

/// With a single row nothing reuses a panel. Small windows (depthwise convolution) or dot products of neighbours (matrix times vector) are
/// what the loop vectoriser is good at.
static bool isBetterAsLoops(IndexMath &m, const Contraction &c) {
  if (c.vector.blocks || !c.m.dims.empty() || c.k.dims.empty())
    return false;
  int64_t steps = 1;
  for (Value size : c.k.sizes)
    steps *= getConstantIntValue(size).value_or(1 << 20);
  bool dot = getConstantIntValue(c.k.commonStride(m, c.vector)) == 1 && getConstantIntValue(c.k.commonStride(m, c.scalar)) == 1;
  return steps <= kMostInWindow || dot;
}

FailureOr<Contraction> describeContraction(ContractionMatch match, func::FuncOp func, DimNames &names, IndexMath &m) {
  linalg::GenericOp op = match.contraction;
  unsigned loops = op.getNumLoops();
  Contraction c;
  c.element = getElementTypeOrSelf(op.getResult(0).getType());
  c.epilogue = match.epilogue;
  c.resultInput = match.resultInput;
  AffineMap outMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  Value outMemref = func.getArguments().back(), returned = func.getBody().front().getTerminator()->getOperand(0);
  if (match.epilogue && !match.epilogue.getMatchingIndexingMap(match.epilogue.getDpsInitOperand(0)).isIdentity())
    return failure();
  SmallVector<Value> outSizes;
  for (int64_t d = 0; d < cast<MemRefType>(outMemref.getType()).getRank(); ++d)
    outSizes.push_back(names.get(m.b, m.loc, outMemref, d));
  outSizes = sizesOfRoot(m, returned, outSizes);
  c.out = flatten(m, outMemref, outSizes, outMap, loops);

  // Sizes of loops: a dim of some operand that runs along exactly that loop; the output's first.
  SmallVector<Value> sizes(loops);
  auto noteSizes = [&](AffineMap map, ArrayRef<Value> dims) {
    for (auto [expr, size] : llvm::zip_equal(map.getResults(), dims))
      if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && (!sizes[dim.getPosition()] || getConstantIntValue(size)))
        sizes[dim.getPosition()] = size;
  };
  noteSizes(outMap, outSizes);
  SmallVector<FlatOperand> inputs;
  std::array<Factor, 2> factors = *matchSumOfProducts(op);
  for (const Factor &factor : factors) {
    SmallVector<Value> dims = sizesOf(m, names, factor.tensor);
    noteSizes(factor.map, dims);
    inputs.push_back(flatten(m, sourceArgument(factor.tensor), dims, factor.map, loops));
  }
  if (llvm::is_contained(sizes, Value()))
    return failure();
  if (match.epilogue)
    for (OpOperand *input : match.epilogue.getDpsInputOperands()) {
      c.extra.emplace_back();
      if (input->getOperandNumber() == match.resultInput || !isa<RankedTensorType>(input->get().getType()))
        continue;
      AffineMap map = match.epilogue.getMatchingIndexingMap(input).compose(outMap);
      c.extra.back() = flatten(m, sourceArgument(input->get()), sizesOf(m, names, input->get()), map, loops);
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
  if (c.scalar.blocks || (c.vector.blocks && c.vector.blocks->dim != *inner))
    return failure();
  // Partial sums live in the output while K is blocked, as it is for operands that the kernel packs.
  if (c.out.elementType() != c.element && !c.vector.blocks)
    return failure();

  // Grow N outwards while the scalar operand stands still and every epilogue operand either moves by 1 per column or stands still.
  for (unsigned d : order) {
    if (c.scalar.coefs[d] || (c.vector.blocks && !c.n.dims.empty()))
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
    LoopGroup &group = kinds[d] == utils::IteratorType::reduction  ? c.k
                       : (c.scalar.coefs[d] && !c.vector.coefs[d]) ? c.m
                                                                   : c.outer;
    group.dims.push_back(d);
    group.sizes.push_back(sizes[d]);
  }
  if (isBetterAsLoops(m, c) || (c.vector.blocks && c.k.moves(c.scalar) && !c.k.commonStride(m, c.scalar)))
    return failure();
  for (LoopGroup *group : {&c.outer, &c.m, &c.n, &c.k}) {
    group->total = m.constant(1);
    for (Value size : group->sizes)
      group->total = m.stride(group->total, size);
  }
  return c;
}
} // namespace tensel
