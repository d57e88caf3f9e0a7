// Mistakes of the passes that lower kernels: linalg, loops, vectors, the LLVM dialect; see Planted.h.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "tools/planted/Planted.h"

using namespace mlir;

namespace {
bool swapSubtraction(Operation *op) {
  if (!isa<arith::SubFOp, LLVM::FSubOp>(op))
    return false;
  op->setOperands({op->getOperand(1), op->getOperand(0)});
  return true;
}

/// The last tile is missing.
bool shortenLoop(Operation *op) {
  auto loop = dyn_cast<scf::ForOp>(op);
  if (!loop)
    return false;
  OpBuilder b(op);
  loop.setUpperBound(arith::SubIOp::create(b, op->getLoc(), loop.getUpperBound(), loop.getStep()));
  return true;
}

/// A reduction begins at a number that is not neutral.
bool changeIdentity(Operation *op) {
  auto fill = dyn_cast<linalg::FillOp>(op);
  FloatAttr start;
  if (!fill || !matchPattern(fill.getInputs()[0], m_Constant(&start)))
    return false;
  OpBuilder b(op);
  Value one = arith::ConstantOp::create(b, op->getLoc(), b.getFloatAttr(start.getType(), start.getValue().isZero() ? 1 : 0));
  fill.getInputsMutable()[0].set(one);
  return true;
}

/// An operand with two equal dims is read turned.
bool turnMap(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic)
    return false;
  SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
  for (OpOperand *input : generic.getDpsInputOperands()) {
    auto type = dyn_cast<ShapedType>(input->get().getType());
    AffineMap &map = maps[input->getOperandNumber()];
    if (!type || type.getRank() != 2 || type.isDynamicDim(0) || type.getDimSize(0) != type.getDimSize(1) ||
        !map.isProjectedPermutation())
      continue;
    map = AffineMap::get(map.getNumDims(), 0, {map.getResult(1), map.getResult(0)}, op->getContext());
    generic.setIndexingMapsAttr(OpBuilder(op).getAffineMapArrayAttr(maps));
    return true;
  }
  return false;
}

/// Of a reduction's body: sum + x becomes (sum + x) + x.
bool accumulateTwice(Operation *op) {
  auto add = dyn_cast<arith::AddFOp>(op);
  if (!add || !isa<linalg::GenericOp>(op->getParentOp()) || !isa<BlockArgument>(add.getLhs()))
    return false;
  OpBuilder b(op->getContext());
  b.setInsertionPointAfter(op);
  auto again = arith::AddFOp::create(b, op->getLoc(), add.getResult(), add.getRhs());
  add.getResult().replaceAllUsesExcept(again.getResult(), again);
  return true;
}

/// max by a number, where it should be by NaN.
bool dropNan(Operation *op) {
  auto most = dyn_cast<arith::MaximumFOp>(op);
  if (!most)
    return false;
  OpBuilder b(op);
  most.getResult().replaceAllUsesWith(arith::MaxNumFOp::create(b, op->getLoc(), most.getLhs(), most.getRhs()).getResult());
  op->erase();
  return true;
}

/// What a weight's minimum adds, or takes off, is lost for one group of a packed product.
bool loseOffset(Operation *op) {
  auto add = dyn_cast<vector::FMAOp>(op);
  // The second of two in a chain.
  if (!add || !add.getAcc().getDefiningOp<vector::FMAOp>())
    return false;
  add.getResult().replaceAllUsesWith(add.getAcc());
  op->erase();
  return true;
}

constexpr tensel::planted::Mistake mistakes[] = {{"swapped-subtraction", swapSubtraction},
                                                 {"short-loop", shortenLoop},
                                                 {"wrong-identity", changeIdentity},
                                                 {"turned-map", turnMap},
                                                 {"accumulated-twice", accumulateTwice},
                                                 {"lost-nan-in-kernel", dropNan},
                                                 {"lost-offset", loseOffset}};
} // namespace

llvm::ArrayRef<tensel::planted::Mistake> tensel::planted::kernelMistakes() { return mistakes; }
