// Dim expressions as arith ops on index values.
#include "passes/task/HostDims.h"

#include "dialects/task/Task.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace tensel::graph;

namespace tensel {

HostDims::HostDims(SymbolicShapes &shapes, FunctionOpInterface func, const IRMapping &replaced)
    : shapes(shapes), replaced(replaced) {
  symbols.resize(shapes.numDeclared());
  OpBuilder b = OpBuilder::atBlockBegin(&func.getFunctionBody().front());
  for (BlockArgument arg : func.getArguments()) {
    if (!isa<RankedTensorType>(arg.getType()))
      continue;
    for (auto [i, dim] : llvm::enumerate(shapes.dimsOf(arg)))
      if (auto symbol = dyn_cast<AffineSymbolExpr>(shapes.toExpr(dim));
          symbol && symbol.getPosition() < symbols.size() && !symbols[symbol.getPosition()])
        symbols[symbol.getPosition()] = tensor::DimOp::create(b, func.getLoc(), arg, i);
  }
}

SmallVector<Value> HostDims::dynamicDims(OpBuilder &b, Value value) {
  SmallVector<Value> result;
  auto type = cast<RankedTensorType>(value.getType());
  for (auto [i, dim] : llvm::enumerate(shapes.dimsOf(value)))
    if (type.isDynamicDim(i))
      result.push_back(get(b, value.getLoc(), dim));
  return result;
}

Value HostDims::get(OpBuilder &b, Location loc, AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return arith::ConstantIndexOp::create(b, loc, constant.getValue());
  // What an enclosing block has computed so far stands before this place.
  for (Block *block = b.getInsertionBlock(); block;) {
    if (auto found = cache.find({block, expr}); found != cache.end())
      return found->second;
    Operation *parent = block->getParentOp();
    block = parent ? parent->getBlock() : nullptr;
  }
  Value result = build(b, loc, expr);
  cache[{b.getInsertionBlock(), expr}] = result;
  return result;
}

Value HostDims::build(OpBuilder &b, Location loc, AffineExpr expr) {
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    if (symbol.getPosition() < symbols.size())
      return symbols[symbol.getPosition()];
    return buildUnknown(b, loc, shapes.unknown(symbol.getPosition()));
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value lhs = get(b, loc, binary.getLHS()), rhs = get(b, loc, binary.getRHS());
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return arith::AddIOp::create(b, loc, lhs, rhs);
  case AffineExprKind::Mul:
    return arith::MulIOp::create(b, loc, lhs, rhs);
  case AffineExprKind::FloorDiv:
    return arith::FloorDivSIOp::create(b, loc, lhs, rhs);
  case AffineExprKind::CeilDiv:
    return arith::CeilDivSIOp::create(b, loc, lhs, rhs);
  default: { // mod: the remainder of a rounding down
    Value quotient = arith::FloorDivSIOp::create(b, loc, lhs, rhs);
    return arith::SubIOp::create(b, loc, lhs, arith::MulIOp::create(b, loc, quotient, rhs));
  }
  }
}

Value HostDims::buildUnknown(OpBuilder &b, Location loc, const Unknown &entry) {
  Unknown unknown = entry; // building may grow the table
  auto at = [&](unsigned i) { return get(b, loc, unknown.operands[i]); };
  switch (unknown.kind) {
  case Unknown::TensorDim:
    return tensor::DimOp::create(b, loc, replaced.lookupOrDefault(unknown.tensor), unknown.index);
  case Unknown::Element:
    return task::ElementOp::create(b, loc, b.getIndexType(), replaced.lookupOrDefault(unknown.tensor),
                                   b.getI64IntegerAttr(unknown.index));
  case Unknown::Combined: {
    Value x = at(0), y = at(1);
    if (unknown.op == graph::DimOp::min)
      return arith::MinSIOp::create(b, loc, x, y);
    if (unknown.op == graph::DimOp::max)
      return arith::MaxSIOp::create(b, loc, x, y);
    Value isOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, y, arith::ConstantIndexOp::create(b, loc, 1));
    return arith::SelectOp::create(b, loc, isOne, x, y);
  }
  case Unknown::Select: {
    Value condition =
        arith::CmpIOp::create(b, loc, unknown.less ? arith::CmpIPredicate::slt : arith::CmpIPredicate::eq, at(0), at(1));
    return arith::SelectOp::create(b, loc, condition, at(2), at(3));
  }
  case Unknown::Scaled: {
    Type i64 = b.getI64Type(), f64 = b.getF64Type();
    Value dim = arith::SIToFPOp::create(b, loc, f64, arith::IndexCastOp::create(b, loc, i64, at(0)));
    Value scale = arith::ConstantOp::create(b, loc, b.getF64FloatAttr(unknown.scale));
    // Dims are not negative, so truncation rounds down.
    Value product = arith::FPToSIOp::create(b, loc, i64, arith::MulFOp::create(b, loc, dim, scale));
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), product);
  }
  case Unknown::Count:
  case Unknown::Declared:
    break;
  }
  hasFailed = true;
  emitError(loc) << "the number of elements that '" << unknown.tag
                 << "' gives is only known from its data, which is not supported yet";
  return arith::ConstantIndexOp::create(b, loc, 0);
}

} // namespace tensel
