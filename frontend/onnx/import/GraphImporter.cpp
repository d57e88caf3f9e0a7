// Builds the module: symbols, inputs, weights, and the walk over nodes; see
// GraphImporter.h. What single ops mean is in the handlers.
#include "frontend/onnx/import/GraphImporter.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;

Value Scope::find(StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->parent)
    if (auto found = scope->values.find(name); found != scope->values.end())
      return found->second;
  return {};
}

GraphImporter::GraphImporter(ModuleOp module, const ModelProto &model, StringRef path, const ImportOptions &options)
    : model(model), options(options), module(module), b(module.getContext()), path(path), names(module.getContext(), model),
      symbols(module), moduleBuilder(module.getContext()) {
  moduleBuilder.setInsertionPointToStart(module.getBody());
  addElementwise(handlers);
  addActivations(handlers);
  addReductions(handlers);
  addContractions(handlers);
  addWindows(handlers);
  addNormalizations(handlers);
  addMovement(handlers);
  addGathers(handlers);
  addControl(handlers);
  addRecurrent(handlers);
  addQuantized(handlers);
  addLosses(handlers);
  addAttention(handlers);
  addSignal(handlers);
  addEinsum(handlers);
  addResize(handlers);
  addGridSample(handlers);
  addMisc(handlers);
}

LogicalResult GraphImporter::fail(const Twine &message) {
  if (error.empty())
    error = message.str();
  return failure();
}

Type GraphImporter::elementType(DataType type) {
  auto integer = [&](unsigned bits, bool isUnsigned) {
    return IntegerType::get(b.getContext(), bits, isUnsigned ? IntegerType::Unsigned : IntegerType::Signless);
  };
  switch (type) {
  case DataType::Float:
    return b.getF32Type();
  case DataType::Double:
    return b.getF64Type();
  case DataType::Float16:
    return b.getF16Type();
  case DataType::BFloat16:
    return b.getBF16Type();
  case DataType::Bool:
    return integer(1, false);
  case DataType::Int8:
    return integer(8, false);
  case DataType::Int16:
    return integer(16, false);
  case DataType::Int32:
    return integer(32, false);
  case DataType::Int64:
    return integer(64, false);
  case DataType::UInt8:
    return integer(8, true);
  case DataType::UInt16:
    return integer(16, true);
  case DataType::UInt32:
    return integer(32, true);
  case DataType::UInt64:
    return integer(64, true);
  default:
    return {};
  }
}

static std::string qualified(std::string_view domain, std::string_view op) {
  std::string result;
  if (!domain.empty() && domain != "ai.onnx")
    result = std::string(domain) + "::";
  return result += op;
}

const Handler *GraphImporter::findHandler(const NodeProto &node) const {
  auto found = handlers.find(qualified(node.domain, node.opType));
  return found == handlers.end() ? nullptr : &found->second;
}

const FunctionProto *GraphImporter::findFunction(const NodeProto &node) const {
  return functions.lookup(qualified(node.domain, node.opType) + ":" + std::string(node.overload));
}

int64_t GraphImporter::opsetOf(std::string_view domain, const Scope &scope) const {
  if (domain == "ai.onnx")
    domain = "";
  const auto &opsets = scope.opsets && !scope.opsets->empty() ? *scope.opsets : model.opsets;
  for (const OperatorSetId &opset : opsets)
    if (opset.domain == domain)
      return opset.version;
  return 0;
}

const AttributeProto *GraphImporter::resolve(const AttributeProto &attribute, const Scope &scope) const {
  if (attribute.refName.empty())
    return &attribute;
  // The attribute of the function's call, which may itself refer outwards.
  const Scope *inside = &scope;
  while (inside && !inside->call)
    inside = inside->parent;
  if (!inside)
    return nullptr;
  for (const AttributeProto &passed : inside->call->attributes)
    if (passed.name == attribute.refName)
      return inside->attributeScope ? resolve(passed, *inside->attributeScope) : &passed;
  for (const AttributeProto &preset : inside->function->defaults)
    if (preset.name == attribute.refName)
      return &preset;
  return nullptr;
}

/// Counts every op that nobody handles, so that one error can list them all.
LogicalResult GraphImporter::checkSupport() {
  std::map<std::string, std::pair<unsigned, std::string>> missing; // sorted: same text every time
  SmallVector<const std::vector<NodeProto> *> work = {&model.graph.nodes};
  llvm::SmallPtrSet<const FunctionProto *, 8> seen;
  while (!work.empty()) {
    for (const NodeProto &node : *work.pop_back_val()) {
      for (const AttributeProto &attribute : node.attributes)
        for (const GraphProto &graph : attribute.graphs)
          work.push_back(&graph.nodes);
      if (const FunctionProto *function = findFunction(node)) {
        if (seen.insert(function).second)
          work.push_back(&function->nodes);
        continue;
      }
      if (findHandler(node))
        continue;
      Scope none;
      auto &entry =
          missing[qualified(node.domain, node.opType) + " (version " + std::to_string(opsetOf(node.domain, none)) + ")"];
      if (entry.first++ < 3)
        entry.second += (entry.second.empty() ? "'" : ", '") +
                        std::string(node.name.empty() && !node.outputs.empty() ? node.outputs[0] : node.name) + "'";
    }
  }
  if (missing.empty())
    return success();
  std::string list;
  for (auto &[op, entry] : missing)
    list += (list.empty() ? "" : "; ") + op + " x" + std::to_string(entry.first) + " at " + entry.second +
            (entry.first > 3 ? ", ..." : "");
  return fail("unsupported ops: " + list);
}

StringAttr GraphImporter::symbolFor(StringRef name, int64_t least) {
  StringAttr &known = dimSymbols[name];
  if (!known) {
    auto op = graph::SymbolOp::create(moduleBuilder, moduleBuilder.getUnknownLoc(), name, least, -1, 1);
    known = symbols.insert(op);
  }
  return known;
}

std::optional<Ints> GraphImporter::givenInts(Value v) {
  auto argument = dyn_cast<BlockArgument>(v);
  auto function = argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : nullptr;
  if (!function)
    return std::nullopt;
  auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "graph.name");
  auto found = name ? options.inputValues.find(name.str()) : options.inputValues.end();
  if (found == options.inputValues.end())
    return std::nullopt;
  function.setArgAttr(argument.getArgNumber(), "graph.value", b.getDenseI64ArrayAttr(found->second));
  return Ints(found->second.begin(), found->second.end());
}

Location GraphImporter::locationOf(const NodeProto &node, const Scope &scope) const {
  Location own = names.locationOf(node);
  const Scope *inside = &scope;
  while (inside && !inside->callLocation)
    inside = inside->parent;
  return inside ? CallSiteLoc::get(own, *inside->callLocation) : own;
}

static Location namedLoc(OpBuilder &b, StringRef name) { return NameLoc::get(b.getStringAttr(name)); }

LogicalResult GraphImporter::addInputs(func::FuncOp function, Scope &scope) {
  llvm::StringMap<bool> initialized;
  for (const TensorProto &tensor : model.graph.initializers)
    initialized[toRef(tensor.name)] = true;
  for (const ValueInfoProto &input : model.graph.inputs) {
    StringRef name = toRef(input.name);
    // Before IR version 4 every initializer is listed as an input too.
    if (initialized.contains(name))
      continue;
    if (input.type.kind != TypeProto::Kind::Tensor)
      return fail("input '" + name + "' is not a tensor, expected tensors");
    Type element = elementType(input.type.elem);
    if (!element)
      return fail("input '" + name + "' has element type " + dataTypeName(input.type.elem) + ", which is not supported");
    if (!input.type.hasShape)
      return fail("input '" + name + "' has no shape, expected a known rank");
    SmallVector<int64_t> shape;
    SmallVector<Attribute> dims;
    for (auto [i, dim] : llvm::enumerate(input.type.dims)) {
      // Exporters write 0 or -1 for a dim they do not know.
      if (dim.size > 0) {
        shape.push_back(dim.size);
        dims.push_back(b.getI64IntegerAttr(dim.size));
        continue;
      }
      shape.push_back(ShapedType::kDynamic);
      bool named = !dim.symbol.empty() && dim.symbol != "?" && dim.symbol != "-1";
      dims.push_back(symbolFor(named ? toRef(dim.symbol).str() : (name + "_dim" + Twine(i)).str(), dim.size == 0 ? 0 : 1));
    }
    auto type = RankedTensorType::get(shape, element);
    unsigned index = function.getNumArguments();
    SmallVector<NamedAttribute> attributes = {b.getNamedAttr("graph.dims", b.getArrayAttr(dims)),
                                              b.getNamedAttr("graph.name", b.getStringAttr(name))};
    if (mlir::failed(function.insertArgument(index, type, b.getDictionaryAttr(attributes), namedLoc(b, name))))
      return fail("input '" + name + "' cannot be an argument");
    if (!scope.values.try_emplace(name, function.getArgument(index)).second)
      return fail("input '" + name + "' is listed twice");
  }
  return success();
}

LogicalResult GraphImporter::run() {
  int64_t version = opsetOf("", Scope());
  if (version && (version < 7 || version > 28))
    return fail("opset version " + Twine(version) + " of the default domain, expected 7 to 28");
  for (const FunctionProto &function : model.functions)
    functions[qualified(function.domain, function.name) + ":" + std::string(function.overload)] = &function;
  if (mlir::failed(checkSupport()))
    return failure();

  Location loc = namedLoc(b, toRef(model.graph.name));
  auto function = func::FuncOp::create(loc, "main", b.getFunctionType({}, {}));
  symbols.insert(function);
  moduleBuilder.setInsertionPoint(function);
  Block *entry = function.addEntryBlock();
  Scope scope;
  if (mlir::failed(addInputs(function, scope)))
    return failure();
  b.setInsertionPointToStart(entry);

  SmallVector<Value> results;
  Scope none;
  none.values = std::move(scope.values);
  if (mlir::failed(importGraph(model.graph, {}, none, results)))
    return failure();
  func::ReturnOp::create(b, loc, results);
  function.setFunctionType(b.getFunctionType(function.getArgumentTypes(), TypeRange(results)));
  for (auto [i, output] : llvm::enumerate(model.graph.outputs))
    function.setResultAttr(static_cast<unsigned>(i), "graph.name", b.getStringAttr(toRef(output.name)));

  // Handlers leave steps behind that folded into constants.
  bool changed = true;
  while (changed) {
    changed = false;
    function.walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
      if (op != function && isOpTriviallyDead(op)) {
        op->erase();
        changed = true;
      }
    });
  }
  return success();
}

LogicalResult GraphImporter::importGraph(const GraphProto &graph, ArrayRef<Value> arguments, const Scope &outer,
                                         SmallVectorImpl<Value> &results) {
  Scope scope;
  scope.parent = &outer;
  scope.opsets = outer.opsets;
  scope.depth = outer.depth + 1;
  for (auto [input, argument] : llvm::zip(graph.inputs, arguments))
    scope.values[toRef(input.name)] = argument;
  for (const TensorProto &tensor : graph.initializers) {
    Value value = importTensor(tensor, namedLoc(b, toRef(tensor.name)));
    if (!value)
      return failure();
    scope.values[toRef(tensor.name)] = value;
  }
  if (mlir::failed(importNodes(graph.nodes, scope)))
    return failure();
  for (const ValueInfoProto &output : graph.outputs) {
    Value value = scope.find(toRef(output.name));
    if (!value)
      return fail("output '" + toRef(output.name) + "' of graph '" + toRef(graph.name) + "' is not computed by any node");
    results.push_back(value);
  }
  return success();
}

LogicalResult GraphImporter::importNodes(const std::vector<NodeProto> &nodes, Scope &scope) {
  for (const NodeProto &node : nodes)
    if (mlir::failed(importNode(node, scope)))
      return failure();
  return success();
}

LogicalResult GraphImporter::importNode(const NodeProto &node, Scope &scope) {
  if (nodesLeft-- == 0)
    return fail("functions expand to more than 1000000 nodes");
  if (const FunctionProto *function = findFunction(node))
    return callFunction(*function, node, scope);
  const Handler *handler = findHandler(node);
  if (!handler)
    return fail("unsupported op: " + qualified(node.domain, node.opType));
  Node context(*this, node, scope);
  if (context.failed() || mlir::failed((*handler)(context)) || context.failed())
    return failure();
  for (std::string_view output : node.outputs)
    if (!output.empty() && !scope.values.contains(toRef(output)))
      return context.fail("output '" + toRef(output) + "' is not supported");
  SmallVector<Value> results;
  for (std::string_view output : node.outputs)
    if (!output.empty())
      results.push_back(scope.values[toRef(output)]);
  names.settle(node, context.loc, results);
  return success();
}

LogicalResult GraphImporter::callFunction(const FunctionProto &function, const NodeProto &node, Scope &scope) {
  if (scope.depth > 60)
    return fail("functions nest deeper than 60, at '" + toRef(function.name) + "'");
  Scope inner;
  inner.attributeScope = &scope;
  inner.call = &node;
  inner.function = &function;
  inner.opsets = &function.opsets;
  inner.callLocation = locationOf(node, scope);
  inner.depth = scope.depth + 1;
  for (size_t i = 0; i < function.inputs.size() && i < node.inputs.size(); ++i) {
    if (node.inputs[i].empty())
      continue;
    Value value = scope.find(toRef(node.inputs[i]));
    if (!value)
      return fail("input '" + toRef(node.inputs[i]) + "' of a call of '" + toRef(function.name) +
                  "' is not defined before it is used");
    inner.values[toRef(function.inputs[i])] = value;
  }
  if (mlir::failed(importNodes(function.nodes, inner)))
    return failure();
  for (size_t i = 0; i < function.outputs.size() && i < node.outputs.size(); ++i) {
    Value value = inner.find(toRef(function.outputs[i]));
    if (!value)
      return fail("output '" + toRef(function.outputs[i]) + "' of function '" + toRef(function.name) +
                  "' is not computed by any node");
    scope.values[toRef(node.outputs[i])] = value;
  }
  names.settle(node, *inner.callLocation, {});
  return success();
}

/// The elements as a dense attribute; bools take a byte each in files.
static DenseElementsAttr denseOf(RankedTensorType type, Bytes data) {
  ArrayRef<char> raw(reinterpret_cast<const char *>(data.data()), data.size());
  if (!type.getElementType().isInteger(1))
    return DenseElementsAttr::getFromRawBuffer(type, raw);
  SmallVector<bool> flags;
  for (char byte : raw)
    flags.push_back(byte != 0);
  return DenseElementsAttr::get(type, flags);
}

Value GraphImporter::importTensor(const TensorProto &tensor, Location loc) {
  Type element = elementType(tensor.type);
  StringRef name = toRef(tensor.name);
  if (!element) {
    (void)fail("tensor '" + name + "' has element type " + dataTypeName(tensor.type) + ", which is not supported");
    return {};
  }
  if (tensor.dims.size() > 16) {
    (void)fail("tensor '" + name + "' has rank " + Twine(tensor.dims.size()) + ", expected at most 16");
    return {};
  }
  auto type = RankedTensorType::get(tensor.dims, element);
  if (tensor.data.size() <= options.constantBytes)
    return graph::ConstantOp::create(b, loc, denseOf(type, tensor.data));

  StringAttr file;
  ElementsAttr data;
  if (tensor.file) {
    file = b.getStringAttr(tensor.file->path());
  } else {
    ArrayRef<char> raw(reinterpret_cast<const char *>(tensor.data.data()), tensor.data.size());
    data = DenseResourceElementsAttr::get(type, name.empty() ? "weight" : name,
                                          HeapAsmResourceBlob::allocateAndCopyWithAlign(raw, 64));
  }
  auto weight = graph::WeightOp::create(moduleBuilder, loc, name.empty() ? "weight" : name, type, file,
                                        static_cast<int64_t>(file ? tensor.offset : 0),
                                        static_cast<int64_t>(file ? tensor.data.size() : 0), data);
  StringAttr symbol = symbols.insert(weight);
  return graph::LoadWeightOp::create(b, loc, type, FlatSymbolRefAttr::get(symbol));
}

OwningOpRef<ModuleOp> tensel::onnx::importOnnx(MLIRContext &context, StringRef path, const ImportOptions &options) {
  context.loadDialect<graph::GraphDialect, func::FuncDialect>();
  Location loc = NameLoc::get(StringAttr::get(&context, path));
  std::string error;
  std::optional<ModelProto> model = readModel(path.str(), error);
  if (!model) {
    emitError(UnknownLoc::get(&context), error);
    return {};
  }
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  GraphImporter importer(*module, *model, path, options);
  std::string inner;
  {
    // Shape inference and verifiers report on their own; all of it becomes one error.
    ScopedDiagnosticHandler capture(&context, [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error && inner.empty())
        inner = diagnostic.str();
      return success();
    });
    if (succeeded(importer.run())) {
      if (succeeded(verify(*module))) {
        if (options.nodes)
          *options.nodes = std::move(importer.names.nodes);
        return module;
      }
      importer.error = "the imported module is wrong: " + inner;
      inner.clear();
    }
  }
  emitError(UnknownLoc::get(&context), path + ": " + importer.error + (inner.empty() ? "" : ": " + inner));
  return {};
}
