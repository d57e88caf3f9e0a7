// Functions, inputs and single ops; ControlFlow.cpp runs blocks. See Interpreter.h.
#include "compiler/reference/Interpreter.h"

#include "compiler/reference/ConcreteShapes.h"
#include "compiler/reference/Families.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::reference;

std::optional<Kind> Interpreter::heldKind(Type elementType) const {
  auto kind = kindOf(elementType);
  return kind && isFloat(*kind) && options.f64 ? Kind::F64 : kind;
}

LogicalResult Interpreter::bind(Location loc, StringRef what, Value value, Tensor tensor, Values &values) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  auto kind = type ? heldKind(type.getElementType()) : std::nullopt;
  if (!kind)
    return emitError(loc) << what << " has type " << value.getType() << ", expected a ranked tensor of a graph element type";
  bool fits = *kind == tensor.getKind() && type.getRank() == tensor.getRank();
  for (int64_t i = 0; fits && i < type.getRank(); ++i)
    fits = type.isDynamicDim(i) || type.getDimSize(i) == tensor.getDim(i);
  if (!fits)
    return emitError(loc) << what << " is " << nameOf(tensor.getKind()) << " of dims [" << tensor.getDims() << "], expected "
                          << type;
  values[value] = std::move(tensor);
  return success();
}

/// Dims of one name are equal everywhere and inside the range that their graph.symbol declares.
static LogicalResult checkSymbols(func::FuncOp function, ArrayRef<Tensor> inputs) {
  llvm::StringMap<int64_t> known;
  for (auto [i, input] : llvm::enumerate(inputs)) {
    auto names = function.getArgAttrOfType<ArrayAttr>(i, "graph.dims");
    if (!names || static_cast<int64_t>(names.size()) != input.getRank())
      continue;
    for (auto [d, attr] : llvm::enumerate(names)) {
      auto name = dyn_cast<StringAttr>(attr);
      if (!name)
        continue;
      int64_t dim = input.getDim(d), first = known.try_emplace(name.getValue(), dim).first->second;
      if (first != dim)
        return function.emitError("input ") << i << " has '" << name.getValue() << "' = " << dim << ", expected " << first
                                            << " as in an earlier input";
      auto symbol = SymbolTable::lookupNearestSymbolFrom<graph::SymbolOp>(function, name);
      if (!symbol)
        continue;
      auto min = static_cast<int64_t>(symbol.getMin()), max = static_cast<int64_t>(symbol.getMax()),
           step = static_cast<int64_t>(symbol.getStep());
      if (dim < min || (max >= 0 && dim > max) || dim % step != 0)
        return function.emitError("input ") << i << " has '" << name.getValue() << "' = " << dim << ", expected " << min << " to "
                                            << (max < 0 ? "any" : std::to_string(max)) << " in steps of " << step;
    }
  }
  return success();
}

FailureOr<SmallVector<Tensor>> Interpreter::run(func::FuncOp function, ArrayRef<Tensor> inputs) {
  if (function.isExternal())
    return function.emitError("function '") << function.getName() << "' has no body";
  if (inputs.size() != function.getNumArguments())
    return function.emitError("function '") << function.getName() << "' takes " << function.getNumArguments() << " inputs, found "
                                            << inputs.size();
  if (failed(checkSymbols(function, inputs)))
    return failure();
  SmallVector<Tensor> held;
  for (const Tensor &input : inputs)
    held.push_back(options.f64 ? input.withFloatKind(Kind::F64) : input);
  Values values;
  return runBlock(function.getBody().front(), held, values);
}

FailureOr<Tensor> Interpreter::constant(ElementsAttr value, Location loc) {
  auto kind = kindOf(value.getElementType());
  if (!kind)
    return emitError(loc) << "a constant of type " << value.getType() << " has no graph element type";
  auto storage = std::make_shared<std::vector<char>>();
  auto bytes = elementBytes(value, *storage, loc);
  if (failed(bytes))
    return failure();
  Tensor tensor = Tensor::borrow(*kind, value.getShapedType().getShape(), *bytes, storage);
  return options.f64 ? tensor.withFloatKind(Kind::F64) : tensor;
}

FailureOr<Tensor> Interpreter::loadWeight(graph::LoadWeightOp op) {
  auto weight = SymbolTable::lookupNearestSymbolFrom<graph::WeightOp>(op, op.getWeightAttr());
  if (!weight)
    return op.emitError("found no graph.weight '") << op.getWeight() << "'";
  auto type = cast<RankedTensorType>(weight.getType());
  auto kind = kindOf(type.getElementType());
  if (!kind)
    return weight.emitError("weight '") << weight.getSymName() << "' of type " << type << " has no graph element type";
  auto bytes = weights.resolve(weight);
  if (failed(bytes))
    return failure();
  Tensor tensor = Tensor::borrow(*kind, type.getShape(), *bytes);
  return options.f64 ? tensor.withFloatKind(Kind::F64) : tensor;
}

FailureOr<SmallVector<Tensor>> Interpreter::makeResults(graph::ShapedOpInterface op, ArrayRef<Tensor> operands) {
  auto shapes = ConcreteShapes(op, operands).infer();
  if (failed(shapes))
    return failure();
  SmallVector<Tensor> results;
  for (auto [shape, type] : llvm::zip_equal(*shapes, op->getResultTypes())) {
    auto kind = heldKind(getElementTypeOrSelf(type));
    if (!kind)
      return op->emitError("'") << op->getName() << "' has a result of type " << type << ", expected a graph element type";
    results.emplace_back(*kind, shape);
  }
  return results;
}

LogicalResult Interpreter::runElementwise(graph::ElementwiseOpInterface op, ArrayRef<Tensor> operands, Tensor &result) {
  auto known = programs.find(op);
  if (known == programs.end()) {
    auto program = ScalarProgram::compile(op, options.f64);
    if (failed(program))
      return failure();
    known = programs.try_emplace(op, std::move(*program)).first;
  }
  known->second.run(operands, result);
  return success();
}

FailureOr<SmallVector<Tensor>> Interpreter::runComposite(graph::CompositeOpInterface op, ArrayRef<Tensor> operands) {
  OwningOpRef<ModuleOp> &definition = definitions[op];
  if (!definition) {
    // A function of the op's operands whose body is the decomposition; constants stay visible as constants.
    definition = ModuleOp::create(op.getLoc());
    OpBuilder b = OpBuilder::atBlockEnd(definition->getBody());
    auto function =
        func::FuncOp::create(b, op.getLoc(), "definition", b.getFunctionType(op->getOperandTypes(), op->getResultTypes()));
    Block *body = function.addEntryBlock();
    b.setInsertionPointToEnd(body);
    IRMapping mapping;
    for (auto [operand, argument] : llvm::zip_equal(op->getOperands(), body->getArguments())) {
      Operation *source = operand.getDefiningOp();
      bool isConstant = source && source->hasTrait<OpTrait::ConstantLike>();
      mapping.map(operand, isConstant ? b.clone(*source)->getResult(0) : Value(argument));
    }
    Operation *clone = b.clone(*op, mapping);
    b.setInsertionPoint(clone);
    SmallVector<Value> values = cast<graph::CompositeOpInterface>(clone).decompose(b);
    if (values.size() != clone->getNumResults())
      definition = nullptr;
    if (!definition)
      return op->emitError("'") << op->getName() << "' has no definition for these operands";
    clone->erase();
    b.setInsertionPointToEnd(body);
    func::ReturnOp::create(b, op.getLoc(), values);
  }
  auto function = *definition->getOps<func::FuncOp>().begin();
  Values values;
  return runBlock(function.getBody().front(), operands, values);
}

FailureOr<SmallVector<Tensor>> Interpreter::evaluate(Operation *op, ArrayRef<Tensor> operands) {
  if (auto constantOp = dyn_cast<graph::ConstantOp>(op)) {
    auto tensor = constant(constantOp.getValue(), op->getLoc());
    return failed(tensor) ? FailureOr<SmallVector<Tensor>>() : SmallVector<Tensor>{*tensor};
  }
  if (auto load = dyn_cast<graph::LoadWeightOp>(op)) {
    auto tensor = loadWeight(load);
    return failed(tensor) ? FailureOr<SmallVector<Tensor>>() : SmallVector<Tensor>{*tensor};
  }
  if (auto composite = dyn_cast<graph::CompositeOpInterface>(op))
    return runComposite(composite, operands);
  auto shaped = dyn_cast<graph::ShapedOpInterface>(op);
  if (!shaped)
    return op->emitError("the reference interpreter does not know the op '")
           << op->getName() << "', expected one of the graph dialect";
  auto results = makeResults(shaped, operands);
  if (failed(results))
    return failure();
  MutableArrayRef<Tensor> out(*results);
  auto family = [&](auto known) { return reference::evaluate(known, operands, out); };
  auto done = TypeSwitch<Operation *, LogicalResult>(op)
                  .Case([&](graph::ElementwiseOpInterface elementwise) { return runElementwise(elementwise, operands, out[0]); })
                  .Case<graph::ReshapeOp, graph::SqueezeOp, graph::UnsqueezeOp, graph::FlattenOp>(
                      [&](Operation *renamed) { return evaluateRenamed(renamed, operands, out); })
                  .Case<graph::MatmulOp, graph::ConvOp, graph::ReduceOp, graph::ArgReduceOp, graph::CumulateOp, graph::TopKOp,
                        graph::PoolOp, graph::MaxPoolIndicesOp>(family)
                  .Case<graph::DequantizeOp, graph::QuantizeRowsOp, graph::PackBlocksOp, graph::BlockMatmulOp>(family)
                  .Case<graph::TransposeOp, graph::SliceOp, graph::ConcatOp, graph::PadOp, graph::DilateOp, graph::ExpandOp,
                        graph::TileOp, graph::ShapeOfOp, graph::RangeOp, graph::IotaOp, graph::ResizeOp>(family)
                  .Case<graph::GatherOp, graph::GatherElementsOp, graph::GatherNdOp, graph::ScatterElementsOp, graph::ScatterNdOp,
                        graph::NonZeroOp>(family)
                  .Default([](Operation *unknown) {
                    return unknown->emitError("the reference interpreter does not know the op '") << unknown->getName() << "'";
                  });
  if (failed(done))
    return failure();
  return results;
}
