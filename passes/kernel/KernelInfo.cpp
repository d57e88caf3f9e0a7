// See the header.
#include "passes/kernel/KernelInfo.h"
#include "dialects/graph/Graph.h"

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
} // namespace

bool isContraction(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 || !op.getNumReductionLoops() ||
      op.getNumParallelLoops() + op.getNumReductionLoops() != op.getNumLoops())
    return false;
  for (AffineMap map : op.getIndexingMapsArray())
    if (!llvm::all_of(map.getResults(), isLinear))
      return false;
  Block *body = op.getBody();
  auto add = body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add || std::distance(body->begin(), body->end()) != 3)
    return false;
  Value acc = body->getArgument(2);
  Value product = add.getLhs() == acc ? add.getRhs() : add.getLhs();
  auto mul = product.getDefiningOp<arith::MulFOp>();
  if (!mul || (add.getLhs() != acc && add.getRhs() != acc))
    return false;
  Value a = body->getArgument(0), b = body->getArgument(1);
  return (mul.getLhs() == a && mul.getRhs() == b) || (mul.getLhs() == b && mul.getRhs() == a);
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
