// The loops that the lowering makes: linalg.generic with its reads turned into operands, lazily taken branches and
// sequential loops; and views of contiguous tensors.
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
using graph::Dim;
using graph::DimList;

/// A loop index, or a sum of loop indices times positive constants (windows), or 0.
static AffineExpr exprOfIndex(Value index) {
  MLIRContext *context = index.getContext();
  if (auto loop = index.getDefiningOp<linalg::IndexOp>())
    return getAffineDimExpr(loop.getDim(), context);
  if (getConstantIntValue(index) == 0)
    return getAffineConstantExpr(0, context);
  if (auto add = index.getDefiningOp<arith::AddIOp>()) {
    if (getConstantIntValue(add.getRhs())) // Cursor::within, or an offset
      return {};
    AffineExpr a = exprOfIndex(add.getLhs()), b = a ? exprOfIndex(add.getRhs()) : a;
    return b ? a + b : AffineExpr();
  }
  if (auto mul = index.getDefiningOp<arith::MulIOp>()) {
    std::optional<int64_t> factor = getConstantIntValue(mul.getRhs());
    AffineExpr a = factor && *factor > 0 ? exprOfIndex(mul.getLhs()) : AffineExpr();
    return a ? a * *factor : AffineExpr();
  }
  return {};
}

/// The map of a read at such indices, or null.
static AffineMap mapOfRead(tensor::ExtractOp read, Block *body) {
  SmallVector<AffineExpr> exprs;
  if (read->getBlock() != body || read.getTensor().getParentRegion() == body->getParent())
    return {};
  MLIRContext *context = read.getContext();
  for (Value index : read.getIndices()) {
    exprs.push_back(exprOfIndex(index));
    if (!exprs.back())
      return {};
  }
  auto generic = cast<linalg::GenericOp>(body->getParentOp());
  return AffineMap::get(generic.getNumLoops(), 0, exprs, context);
}

/// Before: a body that reads tensors by tensor.extract. After: the reads at plain indices are inputs.
static linalg::GenericOp promoteReads(OpBuilder &b, linalg::GenericOp generic, function_ref<Value()> shapeOperand) {
  Block *body = generic.getBody();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> inputMaps;
  SmallVector<std::pair<tensor::ExtractOp, unsigned>> reads;
  for (auto read : body->getOps<tensor::ExtractOp>()) {
    AffineMap map = mapOfRead(read, body);
    if (!map)
      continue;
    unsigned i = 0;
    while (i < inputs.size() && !(inputs[i] == read.getTensor() && inputMaps[i] == map))
      ++i;
    if (i == inputs.size()) {
      inputs.push_back(read.getTensor());
      inputMaps.push_back(map);
    }
    reads.push_back({read, i});
  }
  SmallVector<AffineMap> outMaps = generic.getIndexingMapsArray();
  auto allMaps = [&] {
    SmallVector<AffineMap> maps(inputMaps);
    maps.append(outMaps);
    return maps;
  };
  MLIRContext *context = b.getContext();
  // Every loop must be the size of some operand's dim.
  if (generic.getNumLoops() && !inversePermutation(concatAffineMaps(allMaps(), context))) {
    inputs.push_back(shapeOperand());
    inputMaps.push_back(AffineMap::getMultiDimIdentityMap(generic.getNumLoops(), context));
  }
  if (inputs.empty())
    return generic;
  for (auto [i, input] : llvm::enumerate(inputs))
    body->insertArgument(i, graph::elementTypeOf(input), generic.getLoc());
  for (auto [read, i] : reads) {
    read.replaceAllUsesWith(body->getArgument(i));
    SmallVector<Value> indices(read.getIndices());
    read.erase();
    for (Value index : indices)
      if (Operation *op = index.getDefiningOp(); op && isOpTriviallyDead(op))
        op->erase();
  }
  auto promoted = linalg::GenericOp::create(b, generic.getLoc(), generic.getResultTypes(), inputs, generic.getOutputs(),
                                            allMaps(), generic.getIteratorTypesArray());
  promoted.getRegion().takeBody(generic.getRegion());
  generic.erase();
  return promoted;
}

ValueRange KernelLowering::loops(Location loc, ArrayRef<Dim> sizes, ValueRange outs, ArrayRef<AffineMap> outMaps,
                                 ArrayRef<utils::IteratorType> iterators, Body body) {
  auto generic = linalg::GenericOp::create(builder, loc, TypeRange(outs), ValueRange(), outs, outMaps, iterators);
  Memo outer = std::exchange(memo, {});
  OpBuilder inside(builder.getContext());
  SmallVector<Type> types(llvm::map_range(outs, graph::elementTypeOf));
  Block *block = inside.createBlock(&generic.getRegion(), {}, types, SmallVector<Location>(types.size(), loc));
  {
    // Views of tensors that a body asks for stand before the loops.
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(generic);
    Cursor c{inside, loc};
    Indices at;
    for (unsigned i = 0; i < iterators.size(); ++i)
      at.push_back(linalg::IndexOp::create(inside, loc, i));
    Indices current(block->args_begin(), block->args_end());
    linalg::YieldOp::create(inside, loc, body(c, at, current));
  }
  memo = std::move(outer);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
    if (isOpTriviallyDead(&op))
      op.erase();
  auto shapeOperand = [&]() -> Value {
    SmallVector<OpFoldResult> dims;
    for (Dim size : sizes)
      dims.push_back(shapes->foldResult(size));
    return tensor::EmptyOp::create(builder, loc, dims, builder.getI8Type());
  };
  return promoteReads(builder, generic, shapeOperand).getResults();
}

Value KernelLowering::forEach(Location loc, ArrayRef<Dim> sizes, Value destination,
                              function_ref<Value(Cursor &, ArrayRef<Value>)> body) {
  AffineMap identity = builder.getMultiDimIdentityMap(sizes.size());
  SmallVector<utils::IteratorType> iterators(sizes.size(), utils::IteratorType::parallel);
  return loops(loc, sizes, destination, identity, iterators,
               [&](Cursor &c, ArrayRef<Value> at, ArrayRef<Value>) { return Indices{body(c, at)}; })[0];
}

Value KernelLowering::fill(Location loc, Value destination, function_ref<Value(Cursor &)> scalar) {
  Cursor c = entry(loc);
  return linalg::FillOp::create(builder, loc, scalar(c), destination).getResult(0);
}

Value KernelLowering::branch(Cursor &c, Value condition, Type type, function_ref<Value(Cursor &)> yes,
                             function_ref<Value(Cursor &)> no) {
  if (std::optional<int64_t> known = getConstantIntValue(condition))
    return *known ? yes(c) : no(c);
  auto side = [&](function_ref<Value(Cursor &)> make) {
    return [&, make](OpBuilder &b, Location loc) {
      Cursor inner{b, loc};
      scf::YieldOp::create(b, loc, scoped([&] { return Indices{make(inner)}; }));
    };
  };
  return scf::IfOp::create(c.b, c.loc, condition, side(yes), side(no)).getResult(0);
}

ValueRange KernelLowering::sequential(Cursor &c, Value low, Value high, ValueRange inits, LoopBody body) {
  auto loop =
      scf::ForOp::create(c.b, c.loc, low, high, c.index(1), inits, [&](OpBuilder &b, Location loc, Value i, ValueRange carried) {
        Cursor inner{b, loc};
        Indices values(carried);
        scf::YieldOp::create(b, loc, scoped([&] { return body(inner, i, values); }));
      });
  return loop.getResults();
}

Indices KernelLowering::sequentialNest(Cursor &c, ArrayRef<Dim> sizes, Indices inits,
                                       function_ref<Indices(Cursor &, ArrayRef<Value>, ArrayRef<Value>)> body) {
  Indices at;
  std::function<Indices(Cursor &, Indices)> nest = [&](Cursor &c, Indices carried) -> Indices {
    if (at.size() == sizes.size())
      return body(c, at, carried);
    Value high = shapes->value(sizes[at.size()]);
    return Indices(sequential(c, c.index(0), high, carried, [&](Cursor &c, Value i, ArrayRef<Value> carried) {
      at.push_back(i);
      Indices result = nest(c, Indices(carried));
      at.pop_back();
      return result;
    }));
  };
  return nest(c, inits);
}

Value KernelLowering::view(Value value, Value as) {
  Operation *op = value.getDefiningOp();
  if (op && !getLoweringTable().buildOf(op))
    return {};
  Value &made = views[{value.getAsOpaquePointer(), as.getAsOpaquePointer()}];
  if (made)
    return made;
  OpBuilder &b = op ? builder : entryBuilder;
  Location loc = as.getLoc();
  auto reassociation = [](int64_t rank) {
    SmallVector<ReassociationIndices> all;
    if (rank)
      all.push_back(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
    return all;
  };
  Value flat = tensor(value);
  RankedTensorType to = storageTensor(as.getType());
  if (rankOf(flat) == 0)
    flat = tensor::ExpandShapeOp::create(b, loc, RankedTensorType::get({1}, to.getElementType()), flat,
                                         ArrayRef<ReassociationIndices>());
  else if (rankOf(flat) > 1)
    flat = tensor::CollapseShapeOp::create(b, loc, flat, reassociation(rankOf(flat)));
  // The flat type is static exactly when the new one is.
  auto flatType = RankedTensorType::get({to.hasStaticShape() ? to.getNumElements() : ShapedType::kDynamic}, to.getElementType());
  if (flat.getType() != flatType)
    flat = tensor::CastOp::create(b, loc, flatType, flat);
  if (to.getRank() == 0)
    return made = tensor::CollapseShapeOp::create(b, loc, to, flat, ArrayRef<ReassociationIndices>());
  if (to.getRank() == 1)
    return made = flat;
  SmallVector<OpFoldResult> sizes;
  for (auto [i, dim] : llvm::enumerate(dims(as)))
    sizes.push_back(shapes->foldResult(dim));
  return made = tensor::ExpandShapeOp::create(b, loc, to, flat, reassociation(to.getRank()), sizes);
}
} // namespace tensel
