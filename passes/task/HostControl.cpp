// Control flow of the host program: graph.if and graph.loop as blocks. Tensors cross blocks as a pointer and their dynamic dims.
#include "passes/task/HostEmitter.h"

using namespace mlir;
using namespace mlir::LLVM;

namespace tensel {

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

LogicalResult HostEmitter::emitIf(graph::IfOp op) {
  SmallVector<Type> types;
  for (Value result : op.getResults())
    appendTypes(types, typeOf(result));
  Value flag = load(i8, tensors[op.getCondition()].data, 0);
  Value isTrue = compare(ICmpPredicate::ne, flag, LLVM::ConstantOp::create(b, loc, i8, b.getI8IntegerAttr(0)));
  Block *blocks[] = {newBlock(), newBlock()}, *join = newBlock(types);
  LLVM::CondBrOp::create(b, loc, isTrue, blocks[0], blocks[1]);
  Region *regions[] = {&op.getThenRegion(), &op.getElseRegion()};
  for (auto [block, region] : llvm::zip(blocks, regions)) {
    b.setInsertionPointToStart(block);
    if (failed(emitBlock(region->front())))
      return failure();
    SmallVector<Value> values;
    for (auto [result, yielded] : llvm::zip(op.getResults(), region->front().getTerminator()->getOperands()))
      append(values, tensors[yielded], typeOf(result));
    LLVM::BrOp::create(b, loc, values, join);
  }
  b.setInsertionPointToStart(join);
  ValueRange left = join->getArguments();
  for (Value result : op.getResults())
    tensors[result] = takeTensor(typeOf(result), left);
  return success();
}

LogicalResult HostEmitter::emitLoop(graph::LoopOp op) {
  auto idsAttr = op->getAttrOfType<DenseI64ArrayAttr>("task.ids");
  if (!idsAttr)
    return op.emitError("found no task.ids, expected those of -tensel-plan-memory");
  ArrayRef<int64_t> ids = idsAttr;
  Block &body = op.getBody().front();
  ValueRange yields = body.getTerminator()->getOperands();
  size_t carried = op.getInits().size(), scans = op.getNumResults() - carried;
  ArrayRef<int64_t> homes = ids.take_front(carried), ways = ids.slice(carried, carried), stacks = ids.drop_front(2 * carried);
  auto elementType = [&](size_t scan) { return typeOf(yields[1 + carried + scan]); };

  // Head arguments: iteration, condition, carried tensors, per scan output the bytes written and the element's dims.
  SmallVector<Type> types = {i64, i1};
  SmallVector<Value> first = {number(0)};
  Value flag = load(i8, tensors[op.getCondition()].data, 0);
  first.push_back(compare(ICmpPredicate::ne, flag, LLVM::ConstantOp::create(b, loc, i8, b.getI8IntegerAttr(0))));
  for (auto [arg, init] : llvm::zip(body.getArguments().drop_front(), op.getInits())) {
    appendTypes(types, typeOf(arg));
    append(first, tensors[init], typeOf(arg));
  }
  for (size_t i = 0; i < scans; ++i) {
    types.append(1 + elementType(i).getNumDynamicDims(), i64);
    first.append(1 + elementType(i).getNumDynamicDims(), number(0));
  }
  Value trips = load(i64, tensors[op.getTripCount()].data, 0);
  Value counter;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfterValue(closure);
    counter = AllocaOp::create(b, loc, ptr, i64, number(1), 64);
  }
  Block *head = newBlock(types), *start = newBlock(), *done = newBlock();
  LLVM::BrOp::create(b, loc, first, head);
  b.setInsertionPointToStart(head);
  Value iteration = head->getArgument(0);
  Value goOn = AndOp::create(b, loc, compare(ICmpPredicate::slt, iteration, trips), head->getArgument(1));
  ValueRange state = head->getArguments();
  state = state.drop_front(2);
  ValueRange left = state;
  for (Value arg : body.getArguments().drop_front())
    tensors[arg] = takeTensor(typeOf(arg), left);
  ValueRange scanState = left;
  LLVM::CondBrOp::create(b, loc, goOn, start, done);

  b.setInsertionPointToStart(start);
  store(iteration, counter, 0);
  tensors[body.getArgument(0)] = tensorOf(typeOf(body.getArgument(0)), counter, {});
  if (failed(emitBlock(body)))
    return failure();
  SmallVector<Value> next = {AddOp::create(b, loc, iteration, number(1))};
  Value again = load(i8, tensors[yields[0]].data, 0);
  next.push_back(compare(ICmpPredicate::ne, again, LLVM::ConstantOp::create(b, loc, i8, b.getI8IntegerAttr(0))));
  // What the body yields may lie in a home that is about to be written: those values step aside first.
  SmallVector<Tensor> leaving;
  for (size_t i = 0; i < carried; ++i) {
    Tensor tensor = tensors[yields[i + 1]];
    if (ways[i] >= 0) {
      Value bytes = bytesOf(tensor, yields[i + 1].getType(), tensor.dims);
      Value way = buffer(ways[i], bytes);
      move(way, tensor.data, bytes);
      tensor.data = way;
    }
    leaving.push_back(tensor);
  }
  // Scan outputs may lie in homes, too, so they are copied before those change.
  SmallVector<Value> scanNext;
  for (size_t i = 0; i < scans; ++i) {
    const Tensor &element = tensors[yields[1 + carried + i]];
    Value bytes = bytesOf(element, elementType(i), element.dims);
    Value end = AddOp::create(b, loc, scanState[0], bytes);
    Value base = buffer(stacks[i], end);
    move(GEPOp::create(b, loc, ptr, i8, base, ArrayRef<GEPArg>{scanState[0]}), element.data, bytes);
    scanNext.push_back(end);
    for (auto [d, dim] : llvm::enumerate(element.dims))
      if (elementType(i).isDynamicDim(d))
        scanNext.push_back(dim);
    scanState = scanState.drop_front(1 + elementType(i).getNumDynamicDims());
  }
  for (size_t i = 0; i < carried; ++i) {
    Tensor &tensor = leaving[i];
    if (homes[i] >= 0) {
      Value bytes = bytesOf(tensor, yields[i + 1].getType(), tensor.dims);
      Value home = buffer(homes[i], bytes);
      move(home, tensor.data, bytes);
      tensor.data = home;
    }
    append(next, tensor, typeOf(body.getArgument(i + 1)));
  }
  next.append(scanNext);
  LLVM::BrOp::create(b, loc, next, head);

  b.setInsertionPointToStart(done);
  for (size_t i = 0; i < carried; ++i) {
    Tensor tensor = tensors[body.getArgument(i + 1)]; // a copy: the table may move
    tensors[op.getResult(i)] = tensor;
  }
  ValueRange ended = left;
  for (size_t i = 0; i < scans; ++i) {
    Tensor element = tensorOf(elementType(i), {}, ended.slice(1, elementType(i).getNumDynamicDims()));
    ended = ended.drop_front(1 + elementType(i).getNumDynamicDims());
    Tensor result{buffer(stacks[i], {}), {iteration}};
    llvm::append_range(result.dims, element.dims);
    tensors[op.getResult(carried + i)] = result;
  }
  return success();
}

} // namespace tensel
