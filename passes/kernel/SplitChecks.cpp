// Splits innermost loops where a check of theirs begins and ceases to hold, so that each part is without it:
//   for i in 0..n { y[i] = i - 1 < w ? x[i - 1] : 0 }     (unsigned)
// becomes loops over 0..1, 1..w + 1 and w + 1..n: the middle one copies, the others fill. Padding is this, row by row.
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"
#include "passes/kernel/EmitLoops.h"

using namespace mlir;

namespace tensel {
namespace {

/// The value in the loop's iteration 0, for one that grows by 1 with every iteration; null for all others.
Value inIterationZero(OpBuilder &b, Value value, scf::ForOp loop) {
  if (value == loop.getInductionVar())
    return arith::ConstantIndexOp::create(b, value.getLoc(), 0);
  Operation *op = value.getDefiningOp();
  auto isOutside = [&](Value operand) { return loop.isDefinedOutsideOfLoop(operand); };
  if (auto apply = dyn_cast_or_null<affine::AffineApplyOp>(op)) {
    AffineMap map = apply.getAffineMap();
    for (auto [position, operand] : llvm::enumerate(apply.getMapOperands())) {
      if (isOutside(operand))
        continue;
      bool isDim = position < map.getNumDims();
      AffineExpr own = isDim ? b.getAffineDimExpr(position) : b.getAffineSymbolExpr(position - map.getNumDims());
      AffineExpr rest = simplifyAffineExpr(map.getResult(0) - own, map.getNumDims(), map.getNumSymbols());
      bool isFree = isDim ? !rest.isFunctionOfDim(position) : !rest.isFunctionOfSymbol(position - map.getNumDims());
      SmallVector<Value> operands(apply.getMapOperands());
      operands[position] = isFree ? inIterationZero(b, operand, loop) : Value();
      if (!operands[position] || !llvm::all_of(operands, isOutside))
        return {};
      return affine::AffineApplyOp::create(b, value.getLoc(), map, operands);
    }
    return {};
  }
  if (!isa_and_nonnull<arith::AddIOp, arith::SubIOp>(op))
    return {};
  Value left = op->getOperand(0), right = op->getOperand(1);
  if (isOutside(left) && isa<arith::AddIOp>(op))
    std::swap(left, right);
  Value start = isOutside(left) || !isOutside(right) ? Value() : inIterationZero(b, left, loop);
  if (!start)
    return {};
  return isa<arith::AddIOp>(op) ? Value(arith::AddIOp::create(b, value.getLoc(), start, right))
                                : Value(arith::SubIOp::create(b, value.getLoc(), start, right));
}

/// The parts of a condition that is an and of them.
void findParts(Value condition, SmallVectorImpl<Value> &parts) {
  if (auto both = condition.getDefiningOp<arith::AndIOp>()) {
    findParts(both.getLhs(), parts);
    findParts(both.getRhs(), parts);
  } else {
    parts.push_back(condition);
  }
}

bool split(scf::ForOp loop) {
  constexpr size_t mostOps = 64;    // in a loop that is made three times
  constexpr int64_t leastTrip = 32; // windows are shorter; they are unrolled
  if (!loop.getInitArgs().empty() || getConstantIntValue(loop.getStep()) != 1)
    return false;
  auto from = getConstantIntValue(loop.getLowerBound()), to = getConstantIntValue(loop.getUpperBound());
  if (from && to && *to - *from < leastTrip)
    return false;
  scf::IfOp check = *loop.getBody()->getOps<scf::IfOp>().begin();
  size_t ops = 0;
  for (Operation &op : *loop.getBody()) {
    if (op.getNumRegions() != 0 && &op != check)
      return false;
    ++ops;
  }
  if (ops > mostOps || check->walk([](scf::ForOp) { return WalkResult::interrupt(); }).wasInterrupted())
    return false;
  OpBuilder b(loop);
  Location loc = loop.getLoc();
  SmallVector<Value> parts;
  findParts(check.getCondition(), parts);
  Value low = loop.getLowerBound(), high = loop.getUpperBound(), rest;
  Value end = high;
  for (Value part : parts) {
    if (loop.isDefinedOutsideOfLoop(part)) {
      rest = rest ? Value(arith::AndIOp::create(b, loc, rest, part)) : part;
      continue;
    }
    auto compare = part.getDefiningOp<arith::CmpIOp>();
    if (!compare || compare.getPredicate() != arith::CmpIPredicate::ult || !compare.getLhs().getType().isIndex() ||
        !loop.isDefinedOutsideOfLoop(compare.getRhs()))
      return false;
    Value start = inIterationZero(b, compare.getLhs(), loop);
    if (!start)
      return false;
    // 0 <= start + i < size
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    low = arith::MaxSIOp::create(b, loc, low, Value(arith::SubIOp::create(b, loc, zero, start)));
    high = arith::MinSIOp::create(b, loc, high, Value(arith::SubIOp::create(b, loc, compare.getRhs(), start)));
  }
  if (high == end)
    return false; // nothing that changes in the loop is asked
  low = arith::MinSIOp::create(b, loc, low, end);
  high = arith::MaxSIOp::create(b, loc, high, low);
  if (rest)
    high = arith::SelectOp::create(b, loc, rest, high, low);
  auto makePart = [&](Value from, Value to, bool holds) {
    IRMapping map;
    auto copy = cast<scf::ForOp>(b.clone(*loop, map));
    copy.setLowerBound(from);
    copy.setUpperBound(to);
    OpBuilder inside(copy);
    cast<scf::IfOp>(map.lookup(check.getOperation()))
        .getConditionMutable()
        .assign(arith::ConstantIntOp::create(inside, loc, holds, 1));
  };
  makePart(loop.getLowerBound(), low, false);
  makePart(low, high, true);
  makePart(high, end, false);
  loop.erase();
  return true;
}
} // namespace

bool splitChecks(func::FuncOp func) {
  SmallVector<scf::ForOp> candidates;
  func.walk([&](scf::ForOp loop) {
    if (!loop->hasAttr("tensel.parallel") && llvm::hasSingleElement(loop.getBody()->getOps<scf::IfOp>()))
      candidates.push_back(loop);
  });
  bool changed = false;
  for (scf::ForOp loop : candidates) {
    moveLoopInvariantCode(loop);
    changed |= split(loop);
  }
  return changed;
}
} // namespace tensel
