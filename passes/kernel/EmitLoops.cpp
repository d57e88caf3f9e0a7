// The generic way from linalg on tensors to loops on memrefs:
//   1. arguments become memrefs; each result is computed in its destination argument, reshapes at the end being undone on the destination
//   2. a lone elementwise op is collapsed: dims that all operands step through together become one loop
//   3. the root is tiled over its outer parallel dims and its producers are fused into the tile loop (TileRoot.cpp)
//   4. bufferization
//   5. linalg on memrefs becomes loops
//   6. temporaries go to the stack, where they must be bounded
#include "passes/kernel/EmitLoops.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Transforms/CSE.h"
#include "passes/kernel/KernelInfo.h"
#include "passes/kernel/Passes.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_EMITLOOPSPASS
#include "passes/kernel/Passes.h.inc"

CleanUp::CleanUp(MLIRContext *context) {
  RewritePatternSet collected(context);
  tensor::populateFoldTensorEmptyPatterns(collected);
  memref::populateResolveRankedShapedTypeResultDimsPatterns(collected);
  for (Dialect *dialect : context->getLoadedDialects())
    dialect->getCanonicalizationPatterns(collected);
  for (RegisteredOperationName op : context->getRegisteredOperations())
    op.getCanonicalizationPatterns(collected, context);
  patterns = std::move(collected);
}

void CleanUp::operator()(func::FuncOp func) const {
  (void)applyPatternsGreedily(func, patterns);
  IRRewriter rewriter(func.getContext());
  DominanceInfo dominance(func);
  eliminateCommonSubExpressions(rewriter, dominance, func);
}

MemRefType contiguousMemRef(RankedTensorType type) { return MemRefType::get(type.getShape(), type.getElementType()); }

void convertArguments(func::FuncOp func, SmallVectorImpl<Value> &destinations) {
  int64_t numOuts = func.getNumResults(), first = func.getNumArguments() - numOuts;
  OpBuilder b = OpBuilder::atBlockBegin(&func.getBody().front());
  for (BlockArgument arg : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(arg.getType());
    if (!type)
      continue;
    bool isOut = arg.getArgNumber() >= first;
    arg.setType(contiguousMemRef(type));
    auto tensor = bufferization::ToTensorOp::create(b, arg.getLoc(), type, arg, /*restrict=*/true, /*writable=*/isOut);
    arg.replaceAllUsesExcept(tensor, tensor);
    if (isOut)
      destinations.push_back(arg);
  }
  func.setType(b.getFunctionType(func.getBody().getArgumentTypes(), func.getResultTypes()));
}

namespace {
/// The first elements of `memref` seen row-major with `sizes`.
Value viewOf(OpBuilder &b, Location loc, Value memref, MemRefType type, ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> strides(type.getRank());
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  OpFoldResult stride = b.getIndexAttr(1);
  for (int64_t d = type.getRank(); d-- > 0;) {
    strides[d] = stride;
    stride = affine::makeComposedFoldedAffineApply(b, loc, s0 * s1, {stride, sizes[d]});
  }
  return memref::ReinterpretCastOp::create(b, loc, type, memref, b.getIndexAttr(0), sizes, strides);
}

/// What the op behind `value`, and those that it writes over, write into.
Value firstDestination(Value value) {
  while (auto dps = value.getDefiningOp<DestinationStyleOpInterface>())
    value = dps.getTiedOpOperand(cast<OpResult>(value))->get();
  return value;
}

/// `memref` seen with the shape of the tensor `like`, whose dims are read where dynamic: from what `like` is written into, so that the
/// view can stand before the op that writes.
Value viewAs(OpBuilder &b, Location loc, Value memref, Value like) {
  like = firstDestination(like);
  auto type = contiguousMemRef(cast<RankedTensorType>(like.getType()));
  return memref.getType() == type ? memref : viewOf(b, loc, memref, type, tensor::getMixedSizes(b, loc, like));
}

/// Makes the op behind `value` write into `memref`: replaces the tensor.empty at the end of its chain of inits.
/// Returns the destination that goes with the value after reshapes were peeled off.
void wireDestination(func::FuncOp func, Value &value, Value &memref) {
  while (true) {
    Operation *op = value.getDefiningOp();
    if (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(op) && value.hasOneUse()) {
      OpBuilder b(op);
      if (isa<tensor::CastOp>(op) &&
          cast<RankedTensorType>(op->getOperand(0).getType()).getRank() != cast<RankedTensorType>(value.getType()).getRank())
        return;
      memref = viewAs(b, op->getLoc(), memref, op->getOperand(0));
      value = op->getOperand(0);
      continue;
    }
    break;
  }
  auto empty = firstDestination(value).getDefiningOp<tensor::EmptyOp>();
  if (!empty)
    return;
  // Only this chain may write there; another user of the same tensor.empty gets its own.
  OpBuilder b(empty);
  auto type = cast<RankedTensorType>(empty.getType());
  Value target = memref;
  if (memref.getType() != contiguousMemRef(type)) {
    if (cast<MemRefType>(memref.getType()).getRank() != type.getRank())
      return;
    target = memref::CastOp::create(b, empty.getLoc(), contiguousMemRef(type), memref);
  } else if (auto *def = memref.getDefiningOp(); def && def->getBlock() == empty->getBlock() && empty->isBeforeInBlock(def)) {
    b.setInsertionPointAfter(def);
  }
  Value tensor = bufferization::ToTensorOp::create(b, empty.getLoc(), type, target, true, true);
  Value link = value;
  while (auto dps = link.getDefiningOp<DestinationStyleOpInterface>()) {
    OpOperand *init = dps.getTiedOpOperand(cast<OpResult>(link));
    if (init->get() == empty.getResult()) {
      if (Operation *def = tensor.getDefiningOp(); def->getBlock() == dps->getBlock() && dps->isBeforeInBlock(def)) {
        (void)hoistBefore(target, dps);
        def->moveBefore(dps);
      }
      init->set(tensor);
      return;
    }
    link = init->get();
  }
}

/// Drops copies of a destination onto itself: a reshape there and back, or a tile's view, hides them from the canonicaliser.
void dropSelfCopies(func::FuncOp func) {
  auto base = [](Value v) {
    while (Operation *op = v.getDefiningOp()) {
      if (!isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp, memref::ReinterpretCastOp>(op))
        break;
      v = op->getOperand(0);
    }
    return v;
  };
  func.walk([&](memref::CopyOp copy) {
    bool isWhole = isa<BlockArgument>(base(copy.getTarget())) && base(copy.getSource()) == base(copy.getTarget());
    if (isWhole || copy.getSource() == copy.getTarget())
      copy.erase();
  });
}

/// Copies become loops like everything else: of strided memrefs LLVM would make a call into a runtime library that we do not have.
void copiesToLinalg(func::FuncOp func) {
  func.walk([](memref::CopyOp copy) {
    OpBuilder b(copy);
    linalg::makeMemRefCopyOp(b, copy.getLoc(), copy.getSource(), copy.getTarget());
    copy.erase();
  });
}

/// An upper bound of an index that is known when compiling: a constant, or the constant in a tile's min(tile, rest).
std::optional<int64_t> upperBound(Value v) {
  if (std::optional<int64_t> constant = getConstantIntValue(v))
    return constant;
  std::optional<int64_t> bound;
  if (auto min = v.getDefiningOp<affine::AffineMinOp>())
    for (AffineExpr expr : min.getMap().getResults())
      if (auto constant = dyn_cast<AffineConstantExpr>(expr))
        bound = std::min(bound.value_or(constant.getValue()), constant.getValue());
  return bound;
}

/// Temporaries: memref.alloc of bounded size becomes memref.alloca at the function's start. Returns whether there were any.
FailureOr<bool> promoteScratch(func::FuncOp func) {
  int64_t total = 0;
  bool found = false;
  auto walk = func.walk([&](memref::AllocOp op) {
    MemRefType type = op.getType();
    SmallVector<int64_t> shape(type.getShape());
    for (auto [d, size] : llvm::zip_equal(
             llvm::make_filter_range(llvm::seq<int64_t>(0, type.getRank()), [&](int64_t d) { return type.isDynamicDim(d); }),
             op.getDynamicSizes()))
      shape[d] = upperBound(size).value_or(ShapedType::kDynamic);
    bool bounded = ShapedType::isStaticShape(shape);
    if (!bounded || (total += ShapedType::getNumElements(shape) * elementBytes(type.getElementType())) > kMaxScratchBytes) {
      op.emitError("kernel needs unbounded scratch: a temporary of type ")
          << type << " where at most " << kMaxScratchBytes << " bytes are allowed";
      return WalkResult::interrupt();
    }
    OpBuilder b = OpBuilder::atBlockBegin(&func.getBody().front());
    Value promoted =
        memref::AllocaOp::create(b, op.getLoc(), MemRefType::get(shape, type.getElementType()), b.getI64IntegerAttr(64));
    b.setInsertionPoint(op);
    if (!type.hasStaticShape())
      promoted = viewOf(b, op.getLoc(), promoted, type, memref::getMixedSizes(b, op.getLoc(), op));
    op.replaceAllUsesWith(promoted);
    op.erase();
    found = true;
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  return found;
}

/// Rewrites `for i = 0 to n step s` to `for i' = 0 to ceil(n / s)`, the form that ranges of iterations are cut from.
void normalize(scf::ForOp loop) {
  if (isConstantIntValue(loop.getStep(), 1))
    return;
  OpBuilder b(loop);
  Location loc = loop.getLoc();
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  OpFoldResult count = affine::makeComposedFoldedAffineApply(
      b, loc, s0.ceilDiv(s1), {getAsOpFoldResult(loop.getUpperBound()), getAsOpFoldResult(loop.getStep())});
  Value step = loop.getStep();
  loop.setUpperBound(getValueOrCreateConstantIndexOp(b, loc, count));
  loop.setStep(arith::ConstantIndexOp::create(b, loc, 1));
  b.setInsertionPointToStart(loop.getBody());
  Value scaled = arith::MulIOp::create(b, loc, loop.getInductionVar(), step);
  loop.getInductionVar().replaceAllUsesExcept(scaled, scaled.getDefiningOp());
}

LogicalResult bufferize(func::FuncOp func) {
  bufferization::OneShotBufferizationOptions options;
  options.allowUnknownOps = true;
  options.setFunctionBoundaryTypeConversion(bufferization::LayoutMapOption::IdentityLayoutMap);
  options.opFilter.denyOperation<func::FuncOp, func::ReturnOp>();
  bufferization::BufferizationState state;
  return bufferization::runOneShotBufferize(func, options, state);
}

/// A sum of products over a window of few elements: the loop that the window moves along is vectorised, so the window has to be straight code.
/// Pooling has checks in its window, and is faster as loops.
bool isSmallWindow(linalg::GenericOp op) {
  int64_t elements = 1;
  for (auto [size, kind] : llvm::zip_equal(op.getStaticLoopRanges(), op.getIteratorTypesArray()))
    if (linalg::isReductionIterator(kind))
      elements = ShapedType::isDynamic(size) ? kMostInWindow + 1 : std::min(elements * size, kMostInWindow + 1);
  bool moves = llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
    AffineMap map = op.getMatchingIndexingMap(input);
    return map.getNumResults() != 0 && isa<AffineBinaryOpExpr>(map.getResults().back());
  });
  return moves && elements <= kMostInWindow && !op.getBody()->getOps<arith::MulFOp>().empty();
}

struct EmitLoopsPass : WithCleanUp<impl::EmitLoopsPassBase<EmitLoopsPass>> {
  void runOnOperation() final {
    func::FuncOp func = getOperation();
    if (!isKernel(func) || !func.getNumResults())
      return; // another emitter has been here
    SmallVector<Value> destinations;
    convertArguments(func, destinations);
    Operation *ret = func.getBody().front().getTerminator();
    OpBuilder b(ret);
    Location loc = ret->getLoc();
    SmallVector<Operation *> roots;
    for (auto [operand, destination] : llvm::zip_equal(ret->getOperands(), destinations)) {
      Value value = operand, memref = destination;
      wireDestination(func, value, memref);
      b.setInsertionPoint(ret);
      bufferization::MaterializeInDestinationOp::create(b, loc, TypeRange{}, value, memref, /*restrict=*/true, /*writable=*/true);
      roots.push_back(value.getDefiningOp());
    }
    b.setInsertionPoint(ret);
    func::ReturnOp::create(b, loc);
    ret->erase();
    func.setType(b.getFunctionType(func.getArgumentTypes(), {}));

    DimNames names(func);
    if (roots.size() == 1)
      if (auto root = dyn_cast_or_null<linalg::GenericOp>(roots.front()))
        tileRoot(collapseElementwise(root));
    names.apply(func);
    cleanUp(func);
    shareDestinations(func);
    cleanUp(func);
    if (failed(bufferize(func)))
      return signalPassFailure();
    cleanUp(func);
    dropSelfCopies(func);
    copiesToLinalg(func);
    SmallVector<linalg::LinalgOp> ops;
    func.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    IRRewriter rewriter(func.getContext());
    for (linalg::LinalgOp op : ops) {
      if (auto generic = dyn_cast<linalg::GenericOp>(op.getOperation()))
        op = putContiguousLoopInside(rewriter, generic);
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::LinalgLoops> loops = linalg::linalgOpToLoops(rewriter, op);
      if (failed(loops))
        return op.emitError("no loops for this op"), signalPassFailure();
      if (auto generic = dyn_cast<linalg::GenericOp>(op.getOperation()); generic && isSmallWindow(generic))
        for (auto [loop, kind] : llvm::reverse(llvm::zip_equal(*loops, generic.getIteratorTypesArray())))
          if (linalg::isReductionIterator(kind))
            (void)loopUnrollFull(cast<scf::ForOp>(loop));
      rewriter.eraseOp(op);
    }
    cleanUp(func);
    // Now that tensors that only say how far loops run are gone.
    FailureOr<bool> promoted = promoteScratch(func);
    if (failed(promoted))
      return signalPassFailure();
    bool isSplit = splitChecks(func);
    if (*promoted || isSplit)
      cleanUp(func);
    for (auto loop : func.getBody().front().getOps<scf::ForOp>())
      if (loop->hasAttr("tensel.parallel"))
        normalize(loop);
  }
};
} // namespace
} // namespace tensel
