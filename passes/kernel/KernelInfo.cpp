// See the header.
#include "passes/kernel/KernelInfo.h"
#include "dialects/graph/Graph.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace tensel {
namespace {
/// True for dim, constant, dim * constant and sums of these.
bool isLinear(AffineExpr expr) {
  if (isa<AffineDimExpr, AffineConstantExpr>(expr))
    return true;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (binary.getKind() == AffineExprKind::Add)
    return isLinear(binary.getLHS()) && isLinear(binary.getRHS());
  return binary.getKind() == AffineExprKind::Mul && isLinear(binary.getLHS()) && isa<AffineConstantExpr>(binary.getRHS());
}

/// An index inside the body of a linalg.generic as an expression of its loops, or null.
AffineExpr exprOfIndex(Value index) {
  MLIRContext *context = index.getContext();
  if (auto loop = index.getDefiningOp<linalg::IndexOp>())
    return getAffineDimExpr(loop.getDim(), context);
  if (std::optional<int64_t> constant = getConstantIntValue(index))
    return getAffineConstantExpr(*constant, context);
  Operation *op = index.getDefiningOp();
  if (!isa_and_nonnull<arith::DivUIOp, arith::RemUIOp>(op))
    return {};
  AffineExpr a = exprOfIndex(op->getOperand(0));
  std::optional<int64_t> width = getConstantIntValue(op->getOperand(1));
  if (!isa_and_nonnull<AffineDimExpr>(a) || !width || *width < 2)
    return {};
  return isa<arith::DivUIOp>(op) ? a.floorDiv(*width) : a % *width;
}

/// Where the map's results that are no sums divide a dim by a width: at most one pair of quotient and remainder.
bool isLinearOrBlocked(AffineMap map) {
  AffineExpr quotient, remainder;
  for (AffineExpr expr : map.getResults()) {
    if (isLinear(expr))
      continue;
    AffineExpr &seen = expr.getKind() == AffineExprKind::FloorDiv ? quotient : remainder;
    if (seen)
      return false;
    seen = expr;
  }
  if (!quotient && !remainder)
    return true;
  auto a = dyn_cast_or_null<AffineBinaryOpExpr>(quotient), b = dyn_cast_or_null<AffineBinaryOpExpr>(remainder);
  return a && b && b.getKind() == AffineExprKind::Mod && a.getLHS() == b.getLHS() && a.getRHS() == b.getRHS();
}

std::optional<Factor> matchFactor(linalg::GenericOp op, Value value) {
  if (auto widened = value.getDefiningOp<arith::ExtFOp>())
    value = widened.getIn();
  Factor factor;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() != op.getBody() || argument.getArgNumber() >= op.getNumDpsInputs())
      return std::nullopt;
    OpOperand *input = op.getDpsInputOperand(argument.getArgNumber());
    factor = {input->get(), op.getMatchingIndexingMap(input)};
  } else if (auto read = value.getDefiningOp<tensor::ExtractOp>()) {
    SmallVector<AffineExpr> exprs = llvm::map_to_vector(read.getIndices(), exprOfIndex);
    // Reads of other tensors are computed where they are read, as of any elementwise op.
    if (!sourceArgument(read.getTensor()) || llvm::is_contained(exprs, AffineExpr()))
      return std::nullopt;
    factor = {read.getTensor(), AffineMap::get(op.getNumLoops(), 0, exprs, op.getContext())};
  } else {
    return std::nullopt;
  }
  return isLinearOrBlocked(factor.map) ? std::optional(factor) : std::nullopt;
}
} // namespace

std::optional<std::array<Factor, 2>> matchSumOfProducts(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1 || !op.getNumReductionLoops() ||
      op.getNumParallelLoops() + op.getNumReductionLoops() != op.getNumLoops())
    return std::nullopt;
  if (!llvm::all_of(op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResults(), isLinear))
    return std::nullopt;
  Block *body = op.getBody();
  auto add = body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return std::nullopt;
  Value sum = body->getArguments().back();
  Value product = add.getLhs() == sum ? add.getRhs() : add.getLhs();
  auto mul = product.getDefiningOp<arith::MulFOp>();
  if (!mul || (add.getLhs() != sum && add.getRhs() != sum) || mul.getLhs() == mul.getRhs())
    return std::nullopt;
  std::optional<Factor> a = matchFactor(op, mul.getLhs()), b = matchFactor(op, mul.getRhs());
  if (!a || !b)
    return std::nullopt;
  for (BlockArgument input : body->getArguments().drop_back())
    if (input.use_empty())
      return std::nullopt; // says how far the loops run
  return std::array{*a, *b};
}

BlockArgument sourceArgument(Value v) {
  while (Operation *op = v.getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, bufferization::ToTensorOp>(op))
      return {};
    v = op->getOperand(0);
  }
  return dyn_cast<BlockArgument>(v);
}

Operation *emittedWhole(func::FuncOp kernel) {
  Block &body = kernel.getBody().front();
  Operation *op = &body.front();
  auto composite = dyn_cast<graph::CompositeOpInterface>(op);
  bool isWhole = op->hasTrait<graph::EmittedWhole>() || (composite && composite.hasOwnKernel());
  return isWhole && llvm::hasNItems(body, 2) ? op : nullptr;
}

int64_t elementBytes(Type type) { return type.isIndex() ? 8 : llvm::divideCeil(type.getIntOrFloatBitWidth(), 8); }
} // namespace tensel
