// Verifiers of control flow: what regions take and yield.
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace tensel::graph;

/// Values that flow into `types`: same element types and ranks; dims may be less static on the receiving side.
static LogicalResult verifyFlow(Operation *op, StringRef what, TypeRange values, TypeRange types) {
  if (values.size() != types.size())
    return op->emitOpError("expected ") << types.size() << " " << what << ", found " << values.size();
  for (auto [i, pair] : llvm::enumerate(llvm::zip(values, types)))
    if (!areCompatible(std::get<0>(pair), std::get<1>(pair)))
      return op->emitOpError("expected ") << what << " " << i << " of type " << std::get<1>(pair) << ", found "
                                          << std::get<0>(pair);
  return success();
}

LogicalResult IfOp::verify() {
  for (Region *region : {&getThenRegion(), &getElseRegion()})
    if (failed(verifyFlow(*this, "yielded values", region->front().getTerminator()->getOperandTypes(), getResultTypes())))
      return failure();
  return success();
}

LogicalResult LoopOp::verify() {
  Block &body = getBody().front();
  size_t carried = getInits().size();
  if (body.getNumArguments() != carried + 1)
    return emitOpError("expected ") << carried + 1 << " body arguments, found " << body.getNumArguments();
  TypeRange yielded = body.getTerminator()->getOperandTypes();
  if (yielded.size() < carried + 1 || getNumResults() + 1 != yielded.size())
    return emitOpError("expected the body to yield a condition and ") << getNumResults() << " values, found " << yielded.size();
  SmallVector<Type> arguments(llvm::drop_begin(body.getArgumentTypes()));
  if (failed(verifyFlow(*this, "initial values", getInits().getTypes(), arguments)) ||
      failed(verifyFlow(*this, "carried values", yielded.slice(1, carried), arguments)))
    return failure();
  return verifyFlow(*this, "carried results", yielded.slice(1, carried), TypeRange(getResultTypes()).take_front(carried));
}
