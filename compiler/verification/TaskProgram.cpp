// The host program, op by op; see TaskProgram.h.
#include "compiler/verification/TaskProgram.h"

#include "compiler/Diagnostics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using tensel::reference::Kind;
using tensel::reference::Tensor;

namespace tensel::verification {

LogicalResult TaskProgram::fail(Operation *op, const Twine &message) {
  if (error.empty()) {
    error = message.str();
    guilty = {op->getName().getStringRef().str(), describeLocation(op->getLoc()), ""};
    if (auto dispatch = dyn_cast<task::DispatchOp>(op))
      if (Kernel *kernel = kernels.find(dispatch.getKernel()))
        guilty = {"kernel '" + dispatch.getKernel().str() + "'", "the nodes " + kernel->nodes, ""};
  }
  return failure();
}

llvm::Expected<SmallVector<Tensor>> TaskProgram::run(ArrayRef<Tensor> inputs) {
  tensors.clear();
  scalars.clear();
  error.clear();
  plan.reset();
  if (PlanWatch::isPlanned(entry))
    plan.emplace(entry, inputs);
  DiagnosticCollector diagnostics(entry.getContext());
  for (auto [argument, input] : llvm::zip_equal(entry.getArguments(), inputs))
    tensors[argument] = input;
  Block &body = entry.front();
  if (failed(runBlock(body)))
    return llvm::createStringError(error.empty() ? diagnostics.message() : error);
  SmallVector<Tensor> results = valuesOf(body.getTerminator()->getOperands());
  if (plan)
    plan->finish(body.getTerminator(), results);
  if (plan && !plan->violation().empty()) {
    (void)fail(plan->culprit(),
               "the memory plan is wrong: " + std::string(plan->culprit()->getName().getStringRef()) + " " + plan->violation());
    return llvm::createStringError(error);
  }
  return results;
}

SmallVector<Tensor> TaskProgram::valuesOf(ValueRange values) {
  SmallVector<Tensor> list;
  for (Value value : values)
    list.push_back(tensors.at(value));
  return list;
}

int64_t TaskProgram::number(Value value) {
  auto integer = dyn_cast_or_null<IntegerAttr>(scalars.lookup(value));
  return integer ? integer.getValue().getSExtValue() : 0;
}

DimList TaskProgram::dimsOf(Type type, ValueRange &dynamic) {
  DimList dims;
  for (int64_t size : cast<RankedTensorType>(type).getShape()) {
    if (!ShapedType::isDynamic(size)) {
      dims.push_back(size);
      continue;
    }
    dims.push_back(number(dynamic.front()));
    dynamic = dynamic.drop_front();
  }
  return dims;
}

LogicalResult TaskProgram::runBlock(Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (failed(runOp(&op)))
      return failure();
    if (plan && !plan->violation().empty())
      return fail(plan->culprit(), "the memory plan is wrong: the op " + plan->violation());
  }
  return success();
}

LogicalResult TaskProgram::runOp(Operation *op) {
  if (auto dispatch = dyn_cast<task::DispatchOp>(op))
    return runDispatch(dispatch);
  if (auto branch = dyn_cast<graph::IfOp>(op))
    return runIf(branch);
  if (auto loop = dyn_cast<graph::LoopOp>(op))
    return runLoop(loop);
  if (auto alias = dyn_cast<task::AliasOp>(op)) {
    ValueRange dynamic = alias.getDims();
    DimList dims = dimsOf(alias.getResult().getType(), dynamic);
    const Tensor input = tensors.at(alias.getInput());
    if (Tensor::countOf(dims) != input.getCount())
      return fail(op, "an alias has another number of elements than what it stands for");
    tensors[alias.getResult()] = input.withDims(dims);
    if (plan)
      plan->alias(alias.getResult(), alias.getInput());
    return success();
  }
  if (auto element = dyn_cast<task::ElementOp>(op)) {
    const Tensor &input = tensors.at(element.getInput());
    auto index = static_cast<int64_t>(element.getIndex());
    if (index < 0 || index >= input.getCount())
      return fail(op, "element " + Twine(index) + " of " + Twine(input.getCount()) + " is read");
    if (plan)
      plan->read(op, element.getInput());
    scalars[element.getResult()] = IntegerAttr::get(element.getType(), input.getInt(index));
    return success();
  }
  if (auto elements = dyn_cast<task::FromElementsOp>(op)) {
    RankedTensorType type = elements.getResult().getType();
    SmallVector<int64_t> values;
    for (Value value : elements.getElements())
      values.push_back(number(value));
    auto kind = reference::kindOf(type.getElementType());
    if (!kind || !type.hasStaticShape() || type.getNumElements() != static_cast<int64_t>(values.size()))
      return fail(op, "the elements do not fill the type");
    tensors[elements.getResult()] = Tensor::of(*kind, type.getShape(), values);
    if (plan && elements.getIds())
      plan->write(op, elements.getResult(), elements.getIds()->front(), tensors[elements.getResult()].getByteSize());
    return success();
  }
  if (isa<graph::GraphDialect>(op->getDialect())) {
    if (op->getNumOperands() || op->getNumResults() != 1)
      return fail(op, "is not an op that the host runs");
    auto results = interpreter.evaluate(op, {});
    if (failed(results))
      return failure();
    tensors[op->getResult(0)] = results->front();
    return success();
  }
  return runScalar(op);
}

LogicalResult TaskProgram::runScalar(Operation *op) {
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    auto index = dim.getConstantIndex();
    const Tensor &source = tensors.at(dim.getSource());
    if (!index || *index >= source.getRank())
      return fail(op, "asks for a dim that there is not");
    scalars[dim.getResult()] = IntegerAttr::get(dim.getType(), source.getDim(*index));
    return success();
  }
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands())
    operands.push_back(scalars.lookup(operand));
  SmallVector<OpFoldResult> results;
  // On a copy: folding may swap operands in place.
  OwningOpRef<Operation *> copy = op->clone();
  if (failed((*copy)->fold(operands, results)) || results.size() != op->getNumResults())
    return fail(op, "cannot be computed");
  for (auto [result, folded] : llvm::zip_equal(op->getResults(), results))
    scalars[result] = isa<Attribute>(folded) ? cast<Attribute>(folded) : scalars.lookup(cast<Value>(folded));
  return success();
}

llvm::Expected<SmallVector<Tensor>> TaskProgram::resultsOf(task::DispatchOp op, Kernel &kernel, ArrayRef<Tensor> inputs) {
  SmallVector<DimList> dims;
  ValueRange dynamic = op.getDims();
  for (Type type : op.getResultTypes())
    dims.push_back(dimsOf(type, dynamic));
  Operation *representative = representatives ? representatives->lookup(op) : nullptr;
  if (!representative || representative == op)
    return kernels.call(kernel, inputs, dims);
  SmallVector<Tensor> results = valuesOf(representative->getResults());
  for (auto [result, expected] : llvm::zip_equal(results, dims))
    if (result.getDims() != ArrayRef<int64_t>(expected))
      return llvm::createStringError("its results have other dims than those of an equal layer");
  return results;
}

LogicalResult TaskProgram::runDispatch(task::DispatchOp op) {
  Kernel *kernel = kernels.find(op.getKernel());
  if (!kernel)
    return fail(op, "runs the kernel '" + op.getKernel() + "', which the reference does not know");
  SmallVector<Tensor> inputs = valuesOf(op.getInputs());
  size_t callsBefore = kernel->calls.size();
  llvm::Expected<SmallVector<Tensor>> results = resultsOf(op, *kernel, inputs);
  if (!results)
    return fail(op, llvm::toString(results.takeError()));
  for (auto [result, tensor] : llvm::zip_equal(op.getResults(), *results))
    tensors[result] = tensor;
  if (!plan)
    return success();
  if (!op.getIds())
    return fail(op, "has no buffers");
  plan->dispatch(op, kernel->inPlace, *results);
  if (kernel->calls.size() > callsBefore)
    if (std::string why = kernels.whyNotInPlace(*kernel, inputs, *results); !why.empty())
      return fail(op, "the memory plan is wrong: the kernel cannot write over its argument: " + why);
  return success();
}

LogicalResult TaskProgram::runIf(graph::IfOp op) {
  if (plan)
    plan->read(op, op.getCondition());
  Region &region = tensors.at(op.getCondition()).getInt(0) ? op.getThenRegion() : op.getElseRegion();
  if (failed(runBlock(region.front())))
    return failure();
  Operation *yield = region.front().getTerminator();
  for (auto [result, value] : llvm::zip_equal(op.getResults(), yield->getOperands())) {
    Tensor tensor = tensors.at(value);
    tensors[result] = tensor;
    if (plan) {
      plan->read(yield, value);
      plan->alias(result, value);
    }
  }
  return success();
}

LogicalResult TaskProgram::runLoop(graph::LoopOp op) {
  Block &body = op.getBody().front();
  size_t carried = op.getInits().size();
  int64_t trips = tensors.at(op.getTripCount()).getInt(0);
  bool goesOn = tensors.at(op.getCondition()).getInt(0) != 0;
  SmallVector<Tensor> values = valuesOf(op.getInits());
  SmallVector<SmallVector<Tensor>> scans(op.getNumResults() - carried);
  if (plan) {
    for (Value operand : op->getOperands())
      plan->read(op, operand);
    plan->beginLoop(op);
  }
  for (int64_t i = 0; i < trips && goesOn; ++i) {
    tensors[body.getArgument(0)] = Tensor::of(Kind::I64, {}, ArrayRef<int64_t>(i));
    for (auto [argument, value] : llvm::zip_equal(body.getArguments().drop_front(), values))
      tensors[argument] = value;
    if (failed(runBlock(body)))
      return failure();
    SmallVector<Tensor> yields = valuesOf(body.getTerminator()->getOperands());
    if (plan) {
      plan->read(body.getTerminator(), body.getTerminator()->getOperand(0));
      plan->iterate(op, yields);
    }
    goesOn = yields[0].getInt(0) != 0;
    values.assign(yields.begin() + 1, yields.begin() + 1 + carried);
    for (auto [scan, value] : llvm::zip_equal(scans, ArrayRef(yields).drop_front(1 + carried)))
      scan.push_back(value);
  }
  for (auto [result, value] : llvm::zip(op.getResults(), values))
    tensors[result] = value;
  for (auto [s, items] : llvm::enumerate(scans)) {
    auto type = cast<RankedTensorType>(op.getResult(carried + s).getType());
    DimList dims = {static_cast<int64_t>(items.size())};
    for (auto [d, size] : llvm::enumerate(type.getShape().drop_front()))
      dims.push_back(!items.empty() ? items[0].getDim(d) : ShapedType::isDynamic(size) ? 0 : size);
    Tensor all(*reference::kindOf(type.getElementType()), dims);
    char *to = all.getMutableData();
    for (const Tensor &item : items)
      to = std::copy(item.getBytes().begin(), item.getBytes().end(), to);
    tensors[op.getResult(carried + s)] = all;
  }
  if (plan)
    plan->endLoop(op);
  return success();
}
} // namespace tensel::verification
