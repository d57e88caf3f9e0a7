// Functions of the module: their inputs, the state that goes from call to call, and their results. A state is an input
// and a result of one name (`graph.state`), so that functions stay pure; whoever runs them may update it in place.
#include "frontend/llm/builder/Model.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::llm;

Model::Model(ModuleOp module, const Source &source, int64_t maxBatch)
    : Writer(module.getContext()), source(source), module(module), symbols(module), maxBatch(maxBatch) {}

void Model::begin(StringRef name, Mode newMode) {
  mode = newMode;
  layer = 0;
  block = "blk";
  inputs.clear();
  results.clear();
  states.clear();
  cacheIndices = {};
  locate(name, "function");
  function = func::FuncOp::create(loc, name, b.getFunctionType({}, {}));
  symbols.insert(function, module.getBody()->end());
  b.setInsertionPointToStart(function.addEntryBlock());
}

void Model::end() {
  if (failed())
    return;
  SmallVector<Value> values;
  for (auto &[name, value] : results)
    values.push_back(value);
  for (auto &[name, value] : states)
    values.push_back(value);
  locate(function.getName(), "function");
  func::ReturnOp::create(b, loc, values);
  function.setFunctionType(b.getFunctionType(function.getArgumentTypes(), TypeRange(values)));
  unsigned index = 0;
  for (auto &[name, value] : results)
    function.setResultAttr(index++, "graph.name", b.getStringAttr(name));
  for (auto &[name, value] : states) {
    function.setResultAttr(index, "graph.name", b.getStringAttr(name + ".next"));
    function.setResultAttr(index++, "graph.state", b.getStringAttr(name));
  }
}

Attribute Model::symbol(StringRef name, int64_t min, int64_t max) {
  if (!symbols.lookup(name)) {
    OpBuilder atModule = OpBuilder::atBlockBegin(module.getBody());
    symbols.insert(graph::SymbolOp::create(atModule, atModule.getUnknownLoc(), name, min, max, 1));
  }
  return b.getStringAttr(name);
}

Value Model::input(StringRef name, Type element, ArrayRef<Attribute> dims) {
  Value &known = inputs[name];
  if (known)
    return known;
  Ints shape;
  for (Attribute dim : dims)
    shape.push_back(isa<IntegerAttr>(dim) ? cast<IntegerAttr>(dim).getInt() : ShapedType::kDynamic);
  auto attributes = b.getDictionaryAttr(
      {b.getNamedAttr("graph.dims", b.getArrayAttr(dims)), b.getNamedAttr("graph.name", b.getStringAttr(name))});
  unsigned index = function.getNumArguments();
  (void)function.insertArgument(index, RankedTensorType::get(shape, element), attributes, NameLoc::get(b.getStringAttr(name)));
  return known = function.getArgument(index);
}

Value Model::tokens() {
  Attribute length = mode == Mode::Decode ? Attribute(b.getI64IntegerAttr(1)) : symbol("length", 1, config.context);
  return input("tokens", i64(), {batch(), length});
}

Value Model::lengths() { return input("lengths", i64(), {batch()}); }

Value Model::last() { return input("last", i64(), {batch()}); }

Value Model::atLast(Value x) {
  if (mode == Mode::Prefill)
    return make<graph::GatherNdOp>(x, unsqueeze(last(), {1}), 1);
  return squeeze(mode == Mode::Decode ? x : slice(x, 1, -1, INT64_MAX), {1});
}

Value Model::positions() {
  Value &known = inputs["(positions)"];
  if (known)
    return known;
  Part part(*this, "positions", "positions");
  Value steps = count(dimOf(tokens(), 1));
  if (mode == Mode::Encode) {
    Value zeros = expand(integer(0), shapeOf(tokens()));
    return inputs["(positions)"] = add(zeros, steps);
  }
  Value past = unsqueeze(input("past", i64(), {batch()}), {1});
  return inputs["(positions)"] = add(past, steps);
}

Value Model::state(StringRef name, ArrayRef<Attribute> dims) {
  Value value = input(name, f32(), dims);
  if (auto argument = dyn_cast<BlockArgument>(value))
    function.setArgAttr(argument.getArgNumber(), "graph.state", b.getStringAttr(name));
  return value;
}

void Model::setState(StringRef name, Value next) { states.emplace_back(name.str(), next); }

void Model::result(StringRef name, Value value) { results.emplace_back(name.str(), value); }

void Model::finish(Value x, StringRef head, StringRef embedding, double softcap) {
  if (mode == Mode::Encode)
    return result("vectors", x);
  Part part(*this, "output", "head");
  if (mode != Mode::Score)
    x = atLast(x);
  std::string name = (head + ".weight").str();
  bool isTied = !has(name);
  Ints dims = dimsOf(isTied ? (embedding + ".weight").str() : name);
  Value logits = linear(x, isTied ? embedding : head, dims.empty() ? 0 : dims[0]);
  if (softcap)
    logits = mul(make<graph::TanhOp>(div(logits, number(softcap))), number(softcap));
  result("logits", logits);
}
