// Leaves, random elements, and ops with inferred types; see Builder.h.
#include "tests/fuzz/graphs/Builder.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace tensel;
using namespace tensel::fuzz;

constexpr int64_t mostElements = 3000;

GraphBuilder::GraphBuilder(MLIRContext &context, uint64_t seed) : b(&context), random(seed) {
  Location loc = b.getUnknownLoc();
  graph.module = ModuleOp::create(loc);
  b.setInsertionPointToEnd(graph.module->getBody());
  if (chance(0.4)) {
    symbolSize = between(1, 9);
    graph::SymbolOp::create(b, loc, "N", 1, *symbolSize + below(5), 1);
  }
  function = func::FuncOp::create(b, loc, "main", b.getFunctionType({}, {}));
  b.setInsertionPointToEnd(function.addEntryBlock());
}

Kind GraphBuilder::anyFloat() {
  return pick<Kind>({Kind::F32, Kind::F32, Kind::F32, Kind::F32, Kind::F64, Kind::F16, Kind::BF16});
}

Kind GraphBuilder::anyKind() {
  if (chance(0.55))
    return anyFloat();
  return pick<Kind>(
      {Kind::Bool, Kind::I8, Kind::I16, Kind::I32, Kind::I64, Kind::I32, Kind::I64, Kind::U8, Kind::U16, Kind::U32, Kind::U64});
}

int64_t GraphBuilder::anyDim() {
  if (symbolSize && chance(0.3))
    return *symbolSize;
  return pick<int64_t>({0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 65});
}

Dims GraphBuilder::anyDims(int64_t least, int64_t most) {
  Dims dims;
  int64_t count = 1;
  for (int64_t rank = between(least, most); static_cast<int64_t>(dims.size()) < rank;) {
    int64_t dim = anyDim();
    if (count * dim > mostElements || (dim == 0 && !chance(0.3)))
      dim = between(1, 2);
    count *= std::max<int64_t>(dim, 1);
    dims.push_back(dim);
  }
  return dims;
}

double GraphBuilder::randomFloat(Kind kind, int64_t profile) {
  double unit = std::ldexp(static_cast<double>(random() >> 11), -52) - 1; // -1 to 1
  switch (profile) {
  case 0:
    return unit * 3;
  case 1:
    return static_cast<double>(between(-4, 4));
  case 2:
    return std::abs(unit) + 0.1;
  case 3:
    return std::ldexp(unit, static_cast<int>(between(-40, 40)));
  default:
    break;
  }
  double largest = kind == Kind::F16 ? 65504 : kind == Kind::F64 ? std::numeric_limits<double>::max() : 3.3895314e38;
  double least = kind == Kind::F16 ? 6.2e-5 : kind == Kind::F64 ? 2.3e-308 : 1.2e-38;
  double inf = std::numeric_limits<double>::infinity();
  double sign = chance(0.5) ? 1 : -1;
  return pick<double>({unit, unit * 100, 0.0, -0.0, inf * sign, std::nan(""), largest * sign, least * sign, least * sign / 8,
                       0.5 * sign, 1.5 * sign, 1.0 * sign, 2147483648.0 * sign, 9.3e18 * sign, 1e-3 * sign, 127.5 * sign});
}

Tensor GraphBuilder::randomTensor(Kind kind, ArrayRef<int64_t> dims, int64_t profile) {
  Tensor tensor(kind, dims);
  int64_t count = tensor.getCount();
  if (reference::isFloat(kind)) {
    std::vector<double> values(count);
    for (double &value : values)
      value = randomFloat(kind, profile);
    tensor.writeAll(values);
    return tensor;
  }
  std::vector<int64_t> values(count);
  bool isWide = chance(0.3);
  unsigned bits = 8 * reference::bytesOf(kind);
  for (int64_t &value : values) {
    if (kind == Kind::Bool)
      value = below(2);
    else if (!isWide)
      value = reference::isUnsigned(kind) ? below(9) : between(-5, 5);
    else if (chance(0.3))
      value = pick<int64_t>({0, -1, 1, int64_t(uint64_t(1) << (bits - 1)), int64_t((uint64_t(1) << (bits - 1)) - 1)});
    else
      value = static_cast<int64_t>(random());
  }
  tensor.writeAll(values);
  return tensor;
}

Known GraphBuilder::constant(const Tensor &tensor) {
  auto op = graph::ConstantOp::create(b, b.getUnknownLoc(), reference::elementsOf(type(tensor.getKind()), tensor));
  return {op.getResult(), tensor};
}

Known GraphBuilder::weight(const Tensor &tensor) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(function);
  auto staticType = RankedTensorType::get(tensor.getDims(), type(tensor.getKind()));
  std::string name = "w" + std::to_string(weightCount++);
  graph::WeightOp::create(b, b.getUnknownLoc(), name, staticType, StringAttr(), 0, 0,
                          reference::elementsOf(type(tensor.getKind()), tensor));
  b.setInsertionPointToEnd(&function.getBody().front());
  auto load = graph::LoadWeightOp::create(b, b.getUnknownLoc(), staticType, name);
  return {load.getResult(), tensor};
}

Known GraphBuilder::leafOf(Tensor tensor) {
  int64_t how = below(10);
  if (how < 2 && tensor.getByteSize() <= 1024)
    return constant(tensor);
  if (how < 4 && tensor.getCount() > 0)
    return weight(tensor);
  return input(tensor);
}

Known GraphBuilder::input(const Tensor &tensor) {
  Dims dims(tensor.getDims());
  SmallVector<Attribute> names;
  for (int64_t &dim : dims) {
    bool isSymbol = symbolSize && dim == *symbolSize && chance(0.8);
    names.push_back(isSymbol ? Attribute(b.getStringAttr("N")) : b.getI64IntegerAttr(dim));
    if (isSymbol)
      dim = ShapedType::kDynamic;
  }
  auto attributes = b.getDictionaryAttr({b.getNamedAttr("graph.dims", b.getArrayAttr(names))});
  unsigned index = function.getNumArguments();
  (void)function.insertArgument(index, RankedTensorType::get(dims, type(tensor.getKind())), attributes, b.getUnknownLoc());
  graph.inputs.push_back(tensor);
  return {function.getArgument(index), tensor};
}

Known GraphBuilder::leaf(Kind kind, ArrayRef<int64_t> dims) {
  return leafOf(randomTensor(kind, dims, pick<int64_t>({0, 0, 0, 1, 1, 2, 2, 3, 4})));
}

Known GraphBuilder::finiteLeaf(Kind kind, ArrayRef<int64_t> dims) {
  return leafOf(randomTensor(kind, dims, pick<int64_t>({0, 1, 2})));
}

std::optional<Known> GraphBuilder::find(llvm::function_ref<bool(const Tensor &)> fits) {
  SmallVector<Known> fitting;
  for (const Known &known : pool)
    if (fits(known.tensor))
      fitting.push_back(known);
  if (fitting.empty())
    return std::nullopt;
  // New values more often than old ones: graphs become deep.
  int64_t last = static_cast<int64_t>(fitting.size()) - 1;
  return fitting[std::max(below(last + 1), below(last + 1))];
}

Known GraphBuilder::some(llvm::function_ref<bool(const Tensor &)> fits, llvm::function_ref<Known()> otherwise) {
  if (chance(0.85))
    if (std::optional<Known> found = find(fits))
      return *found;
  Known made = otherwise();
  pool.push_back(made);
  return made;
}

std::optional<SmallVector<Known>> GraphBuilder::add(StringRef name, ArrayRef<Known> operands, ArrayRef<NamedAttribute> attributes,
                                                    unsigned results) {
  ScopedDiagnosticHandler silent(b.getContext(), [](Diagnostic &) { return success(); });
  OperationState state(b.getUnknownLoc(), ("graph." + name).str());
  SmallVector<Tensor> tensors;
  for (const Known &operand : operands) {
    state.operands.push_back(operand.value);
    tensors.push_back(operand.tensor);
  }
  state.addAttributes(attributes);
  state.types.assign(results, RankedTensorType::get({}, b.getF32Type()));
  Operation *op = b.create(state);
  auto refuse = [&]() -> std::optional<SmallVector<Known>> {
    op->erase();
    return std::nullopt;
  };
  SmallVector<Type> types;
  auto inferring = cast<InferTypeOpInterface>(op);
  if (failed(inferring.inferReturnTypes(b.getContext(), op->getLoc(), op->getOperands(), op->getDiscardableAttrDictionary(),
                                        op->getPropertiesStorage(), op->getRegions(), types)) ||
      types.size() != results)
    return refuse();
  for (auto [result, type] : llvm::zip_equal(op->getResults(), types)) {
    auto tensor = cast<RankedTensorType>(type);
    if (tensor.hasStaticShape() && tensor.getNumElements() > mostElements)
      return refuse();
    result.setType(type);
  }
  if (failed(verify(op)))
    return refuse();
  auto found = reference::Interpreter(weights).evaluate(op, tensors);
  if (failed(found))
    return refuse();
  SmallVector<Known> made;
  for (auto [value, tensor] : llvm::zip_equal(op->getResults(), *found)) {
    if (tensor.getCount() > mostElements)
      return refuse();
    made.push_back({value, tensor});
  }
  pool.append(made.begin(), made.end());
  return made;
}

void tensel::fuzz::nameInterface(func::FuncOp function) {
  OpBuilder b(function);
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    function.setArgAttr(i, "graph.name", b.getStringAttr("x" + std::to_string(i)));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    function.setResultAttr(i, "graph.name", b.getStringAttr("y" + std::to_string(i)));
}

Graph GraphBuilder::finish() {
  // What nobody uses is returned, mostly; and now and then what is used, too.
  SmallVector<Value> returned;
  for (const Known &known : pool) {
    bool isLeaf = isa<BlockArgument>(known.value) || known.value.getDefiningOp<graph::ConstantOp>() ||
                  known.value.getDefiningOp<graph::LoadWeightOp>();
    if (chance(isLeaf ? 0.02 : known.value.use_empty() ? 0.85 : 0.1) && !llvm::is_contained(returned, known.value))
      returned.push_back(known.value);
  }
  if (returned.empty())
    returned.push_back(pool.back().value);
  func::ReturnOp::create(b, b.getUnknownLoc(), returned);
  function.setType(b.getFunctionType(function.getArgumentTypes(), ValueRange(returned).getTypes()));
  nameInterface(function);
  if (chance(0.4))
    graph.way.skipped = random() & random();
  return std::move(graph);
}

Graph tensel::fuzz::generate(MLIRContext &context, uint64_t seed) {
  GraphBuilder g(context, seed * 0x9e3779b97f4a7c15u + 1);
  for (int64_t i = g.between(1, 3); i > 0; --i)
    g.pool.push_back(g.leaf(g.anyKind(), g.anyDims(0, 4)));
  for (int64_t ops = g.pick<int64_t>({2, 3, 4, 5, 6, 8, 10, 14, 20}); ops > 0; --ops) {
    if (g.chance(0.25))
      addStructuredOp(g);
    else
      addRandomOp(g);
  }
  Graph graph = g.finish();
  // Two of five; by the seed alone, so that it changes nothing else.
  if (seed % 5 < 2)
    graph.way.means = 1 + (seed / 5) % (allMeans().size() - 1);
  return graph;
}

llvm::ArrayRef<std::pair<llvm::StringLiteral, MemoryMeans>> tensel::fuzz::allMeans() {
  static const std::string cleanUp = ",tensel-infer-shapes,tensel-canonicalize,tensel-cse";
  static const std::pair<llvm::StringLiteral, MemoryMeans> means[] = {
      {"none", {}},
      {"tiles", {"tensel-tile-rows{tiles=2}" + cleanUp, ""}},
      {"small-tiles", {"tensel-tile-rows{tiles=3}" + cleanUp, ""}},
      {"slices", {"tensel-split-batch{rows=1}" + cleanUp, ""}},
      {"order", {"", "tensel-reorder-dispatches"}},
      {"again", {"", "tensel-reorder-dispatches,tensel-rematerialize{limit=0}"}}};
  return means;
}

void tensel::fuzz::printGraph(const verification::Case &graph, const Way &way, llvm::raw_ostream &os) {
  for (auto [i, tensor] : llvm::enumerate(graph.inputs)) {
    os << "// INPUT " << i << " " << reference::nameOf(tensor.getKind());
    for (int64_t dim : tensor.getDims())
      os << " " << dim;
    os << " : " << llvm::toHex(StringRef(tensor.getBytes().data(), tensor.getByteSize())) << "\n";
  }
  if (way.skipped)
    os << "// SKIP " << llvm::utohexstr(way.skipped) << "\n";
  if (way.means)
    os << "// MEANS " << allMeans()[way.means].first << "\n";
  graph.module.get().print(os);
  os << "\n";
}
