// Chooses the tile loop of a generic kernel. A tile holds about kTileElements elements: few enough for the temporaries of one tile to stay
// in the L1 cache, enough for a call per tile to cost nothing. Inner dims stay whole, the dim that overflows the tile is cut, outer dims
// are stepped through one by one; all tile loops are then coalesced into the one loop that ranges of iterations are cut from.
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "passes/kernel/EmitLoops.h"
#include "passes/kernel/KernelInfo.h"

using namespace mlir;

namespace tensel {
namespace {
constexpr int64_t kTileElements = 4096;

/// Dims of the root that no producer has to be recomputed for: `dims[i]` is the root's dim that dim i of `op` runs along, or -1. A producer
/// that reduces is computed once per tile, so a dim it does not run along must not be cut.
void restrictToProducers(linalg::GenericOp op, ArrayRef<int64_t> dims, llvm::SmallBitVector &tileable) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto producer = operand.get().getDefiningOp<linalg::GenericOp>();
    if (!producer)
      continue;
    AffineMap use = op.getMatchingIndexingMap(&operand);
    AffineMap def = producer.getIndexingMapMatchingResult(cast<OpResult>(operand.get()));
    SmallVector<int64_t> inner(producer.getNumLoops(), -1);
    llvm::SmallBitVector seen(tileable.size());
    for (auto [useExpr, defExpr] : llvm::zip_equal(use.getResults(), def.getResults())) {
      auto useDim = dyn_cast<AffineDimExpr>(useExpr), defDim = dyn_cast<AffineDimExpr>(defExpr);
      if (!useDim || !defDim || dims[useDim.getPosition()] < 0)
        continue;
      inner[defDim.getPosition()] = dims[useDim.getPosition()];
      seen.set(dims[useDim.getPosition()]);
    }
    if (!isElementwise(producer))
      tileable &= seen;
    restrictToProducers(producer, inner, tileable);
  }
}

SmallVector<int64_t> chooseTiles(linalg::GenericOp root) {
  SmallVector<int64_t> tiles(root.getNumLoops(), 0), sizes = root.getStaticLoopRanges();
  auto kinds = root.getIteratorTypesArray();
  llvm::SmallBitVector tileable(root.getNumLoops());
  for (auto [d, kind] : llvm::enumerate(kinds))
    tileable[d] = linalg::isParallelIterator(kind);
  restrictToProducers(root, llvm::to_vector(llvm::seq<int64_t>(0, root.getNumLoops())), tileable);
  std::optional<unsigned> rowwise = contiguousLoop(root);
  int64_t inner = 1;
  for (auto [d, size] : llvm::enumerate(sizes))
    if (!tileable[d])
      inner *= ShapedType::isDynamic(size) ? 256 : size;
  for (int64_t d = root.getNumLoops(); d-- > 0;) {
    if (!tileable[d])
      continue;
    int64_t room = std::max<int64_t>(1, kTileElements / std::max<int64_t>(inner, 1));
    if (rowwise == d)
      room = std::max<int64_t>(room, 256);
    if (ShapedType::isStatic(sizes[d]) && sizes[d] <= room) {
      inner *= sizes[d];
      continue;
    }
    tiles[d] = room;
    inner = kTileElements;
  }
  return tiles;
}
} // namespace

std::optional<unsigned> contiguousLoop(linalg::GenericOp op) {
  if (!op.getNumReductionLoops() || op.hasIndexSemantics() || op.getNumDpsInits() == 0)
    return std::nullopt;
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (out.getNumResults() == 0 || !isa<AffineDimExpr>(out.getResults().back()))
    return std::nullopt;
  auto last = cast<AffineDimExpr>(out.getResults().back());
  bool runs = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (map.getNumResults() == 0)
      continue;
    runs |= map.getResults().back() == last;
    if (map.getResults().back() != last && map.isFunctionOfDim(last.getPosition()))
      return std::nullopt;
  }
  return runs ? std::optional<unsigned>(last.getPosition()) : std::nullopt;
}

linalg::GenericOp putContiguousLoopInside(RewriterBase &rewriter, linalg::GenericOp op) {
  std::optional<unsigned> inner = contiguousLoop(op);
  if (!inner || *inner + 1 == op.getNumLoops())
    return op;
  SmallVector<unsigned> order;
  for (unsigned d = 0; d < op.getNumLoops(); ++d)
    if (d != *inner)
      order.push_back(d);
  order.push_back(*inner);
  FailureOr<linalg::GenericOp> swapped = linalg::interchangeGenericOp(rewriter, op, order);
  return succeeded(swapped) ? *swapped : op;
}

linalg::GenericOp collapseElementwise(linalg::GenericOp op) {
  bool lone = isElementwise(op) && !op.hasIndexSemantics() && op.getNumLoops() > 1;
  for (Value operand : op->getOperands())
    lone &= !operand.getDefiningOp<linalg::LinalgOp>();
  for (AffineMap map : op.getIndexingMapsArray())
    lone &= map.isProjectedPermutation();
  if (!lone)
    return op;
  // Dims d and d + 1 go together when each operand has both, side by side and in order, or neither.
  auto together = [&](unsigned d) {
    return llvm::all_of(op.getIndexingMapsArray(), [&](AffineMap map) {
      auto first = map.getResultPosition(getAffineDimExpr(d, op.getContext()));
      auto second = map.getResultPosition(getAffineDimExpr(d + 1, op.getContext()));
      return first.has_value() == second.has_value() && (!first || *first + 1 == *second);
    });
  };
  SmallVector<ReassociationIndices> groups;
  for (unsigned d = 0; d < op.getNumLoops(); ++d) {
    if (d && together(d - 1))
      groups.back().push_back(d);
    else
      groups.push_back({d});
  }
  if (groups.size() == op.getNumLoops())
    return op;
  IRRewriter rewriter(op.getContext());
  rewriter.setInsertionPoint(op);
  FailureOr<linalg::CollapseResult> collapsed = linalg::collapseOpIterationDims(op, groups, rewriter);
  if (failed(collapsed))
    return op;
  rewriter.replaceOp(op, collapsed->results);
  return cast<linalg::GenericOp>(collapsed->collapsedOp);
}

/// Whether the op, or one that it reads from, has a loop of 0 iterations.
static bool readsNothing(linalg::LinalgOp op) {
  return llvm::is_contained(op.getStaticLoopRanges(), 0) || llvm::any_of(op->getOperands(), [](Value operand) {
           auto producer = operand.getDefiningOp<linalg::LinalgOp>();
           return producer && readsNothing(producer);
         });
}

scf::ForOp tileRoot(linalg::GenericOp root) {
  // A tensor with no elements has nothing to cut, and the tiling interface takes no loop of 0 iterations.
  if (readsNothing(root))
    return {};
  SmallVector<int64_t> tiles = chooseTiles(root);
  if (llvm::all_of(tiles, [](int64_t t) { return t == 0; }))
    return {};
  IRRewriter rewriter(root.getContext());
  rewriter.setInsertionPoint(root);
  scf::SCFTileAndFuseOptions options;
  scf::SCFTilingOptions tiling;
  tiling.setTileSizes(getAsIndexOpFoldResult(root.getContext(), tiles));
  options.setTilingOptions(tiling);
  auto tiled = scf::tileConsumerAndFuseProducersUsingSCF(rewriter, cast<TilingInterface>(root.getOperation()), options);
  if (failed(tiled) || tiled->loops.empty())
    return {};
  for (Value result : root->getResults())
    if (Value replacement = tiled->replacements.lookup(result))
      rewriter.replaceAllUsesWith(result, replacement);
  SmallVector<scf::ForOp> loops;
  for (LoopLikeOpInterface loop : tiled->loops)
    loops.push_back(cast<scf::ForOp>(loop.getOperation()));
  if (loops.size() > 1)
    (void)coalesceLoops(rewriter, loops);
  loops.front()->setAttr("tensel.parallel", rewriter.getUnitAttr());
  return loops.front();
}
} // namespace tensel
