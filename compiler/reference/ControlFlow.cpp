// Blocks, branches, loops and calls of the reference interpreter. Regions see the values around them, so all blocks
// of a function share one table of values; each value is dropped after its last use.
#include "compiler/reference/Interpreter.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;

const Interpreter::LastUses &Interpreter::lastUsesOf(Block &block) {
  std::unique_ptr<LastUses> &known = lastUses[&block];
  if (known)
    return *known;
  known = std::make_unique<LastUses>();
  DenseMap<Value, Operation *> last;
  for (Operation &op : block) {
    for (Value result : op.getResults())
      last[result] = &op;
    op.walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (operand.getParentBlock() == &block)
          last[operand] = &op;
    });
  }
  for (auto [value, op] : last)
    (*known)[op].push_back(value);
  return *known;
}

FailureOr<SmallVector<Tensor>> Interpreter::runBlock(Block &block, ArrayRef<Tensor> arguments, Values &values) {
  Location where = block.getParentOp()->getLoc();
  for (auto [i, argument] : llvm::enumerate(block.getArguments()))
    if (failed(bind(where, ("argument " + Twine(i)).str(), argument, arguments[i], values)))
      return failure();
  const LastUses &uses = lastUsesOf(block);
  for (Operation &op : block.without_terminator()) {
    auto results = runOp(&op, values);
    if (failed(results))
      return failure();
    for (auto [i, result] : llvm::enumerate(op.getResults()))
      if (failed(bind(op.getLoc(), ("result " + Twine(i) + " of '" + op.getName().getStringRef() + "'").str(), result,
                      std::move((*results)[i]), values)))
        return failure();
    if (auto dead = uses.find(&op); dead != uses.end())
      for (Value value : dead->second)
        values.erase(value);
  }
  Operation *terminator = block.getTerminator();
  SmallVector<Tensor> results;
  for (Value operand : terminator->getOperands())
    results.push_back(values.at(operand));
  if (auto dead = uses.find(terminator); dead != uses.end())
    for (Value value : dead->second)
      values.erase(value);
  return results;
}

FailureOr<SmallVector<Tensor>> Interpreter::runOp(Operation *op, Values &values) {
  SmallVector<Tensor> operands;
  auto results = runUnwatched(op, values, operands);
  if (succeeded(results) && options.watch && failed(options.watch(op, operands, *results)))
    return failure();
  return results;
}

FailureOr<SmallVector<Tensor>> Interpreter::runUnwatched(Operation *op, Values &values, SmallVector<Tensor> &operands) {
  if (auto branch = dyn_cast<graph::IfOp>(op))
    return runIf(branch, values);
  if (auto loop = dyn_cast<graph::LoopOp>(op))
    return runLoop(loop, values);
  if (auto call = dyn_cast<func::CallOp>(op))
    return runCall(call, values);
  for (Value operand : op->getOperands())
    operands.push_back(values.at(operand));
  if (!options.around)
    return evaluate(op, operands);
  return options.around(op, operands, [&] { return evaluate(op, operands); });
}

FailureOr<SmallVector<Tensor>> Interpreter::runIf(graph::IfOp op, Values &values) {
  bool condition = values.at(op.getCondition()).getInt(0) != 0;
  return runBlock((condition ? op.getThenRegion() : op.getElseRegion()).front(), {}, values);
}

/// The scan outputs of all iterations, joined along a new first dim; `itemDims` are those of one.
static FailureOr<Tensor> stack(graph::LoopOp op, unsigned result, Kind kind, ArrayRef<Tensor> items, ArrayRef<int64_t> itemDims) {
  SmallVector<int64_t> dims{static_cast<int64_t>(items.size())};
  llvm::append_range(dims, itemDims);
  Tensor all(kind, dims);
  char *to = all.getMutableData();
  for (auto [i, item] : llvm::enumerate(items)) {
    if (item.getDims() != items[0].getDims())
      return op.emitError("scan output ") << result << " has dims [" << item.getDims() << "] in iteration " << i << ", expected ["
                                          << items[0].getDims() << "] as in the first";
    std::memcpy(to, item.getData(), item.getByteSize());
    to += item.getByteSize();
  }
  return all;
}

/// What a first iteration would yield, for its dims: no iteration tells them where there was none. Nothing where it fails.
SmallVector<Tensor> Interpreter::wouldYield(graph::LoopOp op, ArrayRef<Tensor> carried, Values &values) {
  ScopedDiagnosticHandler quiet(op->getContext(), [](Diagnostic &) { return success(); });
  auto watch = std::exchange(options.watch, {});
  SmallVector<Tensor> arguments{Tensor::of(Kind::I64, {}, ArrayRef<int64_t>(0))};
  llvm::append_range(arguments, carried);
  auto yielded = runBlock(op.getBody().front(), arguments, values);
  options.watch = std::move(watch);
  return succeeded(yielded) ? *yielded : SmallVector<Tensor>();
}

FailureOr<SmallVector<Tensor>> Interpreter::runLoop(graph::LoopOp op, Values &values) {
  int64_t tripCount = values.at(op.getTripCount()).getInt(0);
  bool condition = values.at(op.getCondition()).getInt(0) != 0;
  SmallVector<Tensor> carried;
  for (Value init : op.getInits())
    carried.push_back(values.at(init));
  unsigned numCarried = carried.size();
  SmallVector<SmallVector<Tensor>> scans(op.getNumResults() - numCarried);
  for (int64_t i = 0; i < tripCount && condition; ++i) {
    SmallVector<Tensor> arguments{Tensor::of(Kind::I64, {}, ArrayRef<int64_t>(i))};
    llvm::append_range(arguments, carried);
    auto yielded = runBlock(op.getBody().front(), arguments, values);
    if (failed(yielded))
      return failure();
    condition = (*yielded)[0].getInt(0) != 0;
    carried.assign(yielded->begin() + 1, yielded->begin() + 1 + numCarried);
    for (auto [s, scan] : llvm::enumerate(scans))
      scan.push_back((*yielded)[1 + numCarried + s]);
  }
  SmallVector<Tensor> first;
  if (llvm::any_of(scans, [](ArrayRef<Tensor> scan) { return scan.empty(); }))
    first = wouldYield(op, carried, values);
  SmallVector<Tensor> results = std::move(carried);
  for (auto [s, scan] : llvm::enumerate(scans)) {
    auto type = cast<RankedTensorType>(op.getResult(numCarried + s).getType());
    SmallVector<int64_t> dims;
    if (!scan.empty() || !first.empty())
      llvm::append_range(dims, scan.empty() ? first[1 + numCarried + s].getDims() : scan[0].getDims());
    else
      for (int64_t dim : type.getShape().drop_front())
        dims.push_back(ShapedType::isDynamic(dim) ? 0 : dim);
    auto stacked = stack(op, numCarried + s, heldKind(type.getElementType()).value_or(Kind::F32), scan, dims);
    if (failed(stacked))
      return failure();
    results.push_back(*stacked);
  }
  return results;
}

FailureOr<SmallVector<Tensor>> Interpreter::runCall(func::CallOp op, Values &values) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, op.getCalleeAttr());
  if (!callee || callee.isExternal())
    return op.emitError("found no function '") << op.getCallee() << "' with a body";
  if (callDepth > 100)
    return op.emitError("calls nest more than 100 deep");
  SmallVector<Tensor> inputs;
  for (Value operand : op.getOperands())
    inputs.push_back(values.at(operand));
  Values inner;
  ++callDepth;
  auto results = runBlock(callee.getBody().front(), inputs, inner);
  --callDepth;
  return results;
}
