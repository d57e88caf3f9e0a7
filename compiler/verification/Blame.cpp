// Finds the first op whose value differs; see Blame.h.
#include "compiler/verification/Blame.h"

#include "compiler/Diagnostics.h"
#include "compiler/verification/Compare.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
constexpr int64_t mostHeldBytes = int64_t(2) << 30;

/// The places in a location: the names of source nodes, or lines.
SmallVector<Location> placesOf(Location location) {
  SmallVector<Location> places;
  location->walk([&](Location inner) {
    if (isa<NameLoc, FileLineColLoc>(inner))
      places.push_back(inner);
    // The line that a name was written at is no place of its own.
    return isa<NameLoc>(inner) ? WalkResult::skip() : WalkResult::advance();
  });
  return places;
}
} // namespace

bool leavesItsNode(Value value) {
  Operation *op = value.getDefiningOp();
  return llvm::any_of(value.getUsers(),
                      [&](Operation *user) { return user->getLoc() != op->getLoc() || user->hasTrait<OpTrait::IsTerminator>(); });
}

LogicalResult BlameFinder::watchRight(Operation *op, ArrayRef<Tensor> results) {
  for (const Tensor &result : results) {
    heldBytes += result.getByteSize();
    isFull |= heldBytes > mostHeldBytes;
    if (!isFull)
      for (Location place : placesOf(op->getLoc()))
        right[place].push_back(result);
  }
  return success();
}

LogicalResult BlameFinder::watchDoubtful(Operation *op, ArrayRef<Tensor> results) {
  if (isFull)
    return success();
  for (auto [value, result] : llvm::zip_equal(op->getResults(), results)) {
    if (!leavesItsNode(value))
      continue;
    SmallVector<Tensor, 2> candidates;
    for (Location place : placesOf(op->getLoc()))
      llvm::append_range(candidates, right.lookup(place));
    if (candidates.empty() || llvm::any_of(candidates, [&](const Tensor &known) { return areSame(result, known); }))
      continue;
    // The last value of a node is what it gives.
    found = {op->getName().getStringRef().str(), describeLocation(op->getLoc()), differenceOf(result, candidates.back())};
    return failure();
  }
  return success();
}

Blame blameProducer(func::FuncOp function, unsigned result) {
  if (result >= function.getNumResults())
    return {"the function", describeLocation(function.getLoc()), ""};
  Value value = function.front().getTerminator()->getOperand(result);
  if (Operation *op = value.getDefiningOp())
    return {op->getName().getStringRef().str(), describeLocation(op->getLoc()), ""};
  return {"an input", describeLocation(value.getLoc()), ""};
}
} // namespace tensel::verification
