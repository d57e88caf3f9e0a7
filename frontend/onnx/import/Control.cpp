// If, Loop and Scan. Their subgraphs see the values around them, as graph
// regions do.
#include "frontend/onnx/import/Control.h"
#include "frontend/onnx/import/GraphImporter.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;

/// The type that holds both, or null: dims that differ become dynamic.
static Type mergeTypes(Type a, Type b) {
  auto x = cast<RankedTensorType>(a), y = cast<RankedTensorType>(b);
  if (x.getElementType() != y.getElementType() || x.getRank() != y.getRank())
    return {};
  SmallVector<int64_t> shape;
  for (auto [i, j] : llvm::zip(x.getShape(), y.getShape()))
    shape.push_back(i == j ? i : ShapedType::kDynamic);
  return RankedTensorType::get(shape, x.getElementType());
}

static LogicalResult condition(Node &n, Value v, Value &flag) {
  if (!Node::isBool(v))
    return n.fail("expected a bool condition");
  flag = n.toScalar(v);
  return success();
}

static bool squeezes(const GraphProto &graph) {
  return llvm::any_of(graph.nodes, [](const NodeProto &node) { return node.opType == "Squeeze"; });
}

/// A graph.if of both branches; empty when they differ in rank or element type.
static FailureOr<SmallVector<Value>> buildIf(Node &n, Value flag, const GraphProto &thenGraph, const GraphProto &elseGraph) {
  OperationState state(n.loc, graph::IfOp::getOperationName());
  state.addOperands(flag);
  SmallVector<SmallVector<Value>> yields(2);
  for (int i = 0; i < 2; ++i) {
    Region *region = state.addRegion();
    OpBuilder::InsertionGuard guard(n.b);
    n.b.createBlock(region);
    if (mlir::failed(n.importer.importGraph(i ? elseGraph : thenGraph, {}, n.scope, yields[i])))
      return failure();
    graph::YieldOp::create(n.b, n.loc, yields[i]);
  }
  if (yields[0].size() != yields[1].size())
    return n.fail("branches give " + Twine(yields[0].size()) + " and " + Twine(yields[1].size()) + " values");
  for (auto [x, y] : llvm::zip(yields[0], yields[1])) {
    Type merged = mergeTypes(x.getType(), y.getType());
    if (!merged) {
      n.importer.intCache.clear(); // it knows values of the regions that go now
      return SmallVector<Value>();
    }
    state.addTypes(merged);
  }
  return SmallVector<Value>(n.b.create(state)->getResults());
}

static LogicalResult branch(Node &n) {
  const GraphProto *thenGraph = n.graphAttr("then_branch");
  const GraphProto *elseGraph = n.graphAttr("else_branch");
  Value flag;
  if (!thenGraph || !elseGraph || mlir::failed(condition(n, n.in(0), flag)))
    return failure();
  const GraphProto *chosen = nullptr;
  SmallVector<Value> results;
  // A branch that is known now costs nothing, and the other may not even fit.
  if (std::optional<Ints> known = n.known(n.in(0)); known && known->size() == 1) {
    chosen = (*known)[0] ? thenGraph : elseGraph;
  } else {
    auto built = buildIf(n, flag, *thenGraph, *elseGraph);
    if (mlir::failed(built))
      return failure();
    results = *built;
    // Exporters write x.squeeze(d) as "if dim d is 1: Squeeze, else Identity". Ranks are static
    // here, so the squeeze it is; another dim than 1 fails there.
    if (results.empty() && !thenGraph->outputs.empty()) {
      if (squeezes(*thenGraph) == squeezes(*elseGraph))
        return n.fail("the branches of a condition that only run time knows differ in rank or "
                      "element type, expected equal ones");
      chosen = squeezes(*thenGraph) ? thenGraph : elseGraph;
    }
  }
  if (chosen && mlir::failed(n.importer.importGraph(*chosen, {}, n.scope, results)))
    return failure();
  for (unsigned i = 0; i < n.numOutputs() && i < results.size(); ++i)
    n.set(i, results[i]);
  return success();
}

SmallVector<Value> tensel::onnx::buildLoop(Node &n, Value trips, Value flag, ArrayRef<Value> inits, int64_t steps,
                                           LoopBody body) {
  SmallVector<Type> types;
  for (Value init : inits)
    types.push_back(init.getType());
  for (int attempt = 0; attempt < 20; ++attempt) {
    OperationState state(n.loc, graph::LoopOp::getOperationName());
    state.addOperands({trips, flag});
    state.addOperands(inits);
    Region *region = state.addRegion();
    SmallVector<Value> yielded;
    bool stable = true;
    {
      OpBuilder::InsertionGuard guard(n.b);
      Block *block = n.b.createBlock(region);
      Value iteration = block->addArgument(RankedTensorType::get({}, n.i64()), n.loc);
      SmallVector<Value> carried;
      for (Type type : types)
        carried.push_back(block->addArgument(type, n.loc));
      if (mlir::failed(body(iteration, carried, yielded)) || n.failed())
        return {};
      for (size_t i = 0; i < types.size(); ++i) {
        Type merged = mergeTypes(types[i], yielded[i + 1].getType());
        if (!merged) {
          (void)n.fail("carried value " + Twine(i) + " changes its rank or element type");
          return {};
        }
        stable &= merged == types[i];
        types[i] = merged;
      }
      graph::YieldOp::create(n.b, n.loc, yielded);
    }
    if (!stable) {
      // The cache knows values of the region that is about to go.
      n.importer.intCache.clear();
      continue;
    }
    state.addTypes(types);
    for (Value scan : ArrayRef<Value>(yielded).drop_front(types.size() + 1)) {
      SmallVector<int64_t> shape = {steps};
      llvm::append_range(shape, Node::type(scan).getShape());
      state.addTypes(RankedTensorType::get(shape, Node::elem(scan)));
    }
    return SmallVector<Value>(n.b.create(state)->getResults());
  }
  (void)n.fail("the types of carried values do not settle");
  return {};
}

static LogicalResult loop(Node &n) {
  const GraphProto *body = n.graphAttr("body");
  if (!body || n.failed())
    return failure();
  Type i1 = n.b.getI1Type();
  Value trips = n.has(0) ? n.toScalar(n.cast(n.in(0), n.i64()))
                         : n.constant(DenseElementsAttr::get(RankedTensorType::get({}, n.i64()), int64_t(INT64_MAX)));
  Value start;
  if (n.has(1)) {
    if (mlir::failed(condition(n, n.in(1), start)))
      return failure();
  } else {
    start = n.scalar(i1, 1);
  }
  SmallVector<Value> inits;
  for (unsigned i = 2; i < n.numInputs(); ++i)
    inits.push_back(n.in(i));
  if (body->inputs.size() != inits.size() + 2 || body->outputs.size() < inits.size() + 1)
    return n.fail("expected a body of " + Twine(inits.size() + 2) + " inputs, found " + Twine(body->inputs.size()));
  bool always = true;
  auto step = [&](Value iteration, ArrayRef<Value> carried, SmallVectorImpl<Value> &yielded) -> LogicalResult {
    SmallVector<Value> arguments = {iteration, n.scalar(i1, 1)};
    // Bodies declare their counter as a scalar or as one element.
    if (body->inputs[0].type.dims.size() == 1)
      arguments[0] = n.unsqueeze(iteration, {0});
    if (body->inputs[1].type.dims.size() == 1)
      arguments[1] = n.unsqueeze(arguments[1], {0});
    arguments.append(carried.begin(), carried.end());
    if (mlir::failed(n.importer.importGraph(*body, arguments, n.scope, yielded)))
      return failure();
    Value flag;
    if (mlir::failed(condition(n, yielded[0], flag)))
      return failure();
    // Without a first condition the later ones are ignored.
    yielded[0] = n.has(1) ? flag : n.scalar(i1, 1);
    std::optional<Ints> known = n.known(yielded[0]);
    always = known && (*known)[0];
    return success();
  };
  std::optional<Ints> count = n.known(trips), first = n.known(start);
  SmallVector<Value> results = buildLoop(n, trips, start, inits, ShapedType::kDynamic, step);
  if (n.failed() || results.empty())
    return results.empty() && inits.empty() ? success() : failure();
  if (always && count && first && (*first)[0])
    for (size_t i = inits.size(); i < results.size(); ++i) {
      SmallVector<int64_t> shape(Node::type(results[i]).getShape());
      shape[0] = std::max<int64_t>((*count)[0], 0);
      results[i].setType(RankedTensorType::get(shape, Node::elem(results[i])));
    }
  for (unsigned i = 0; i < n.numOutputs() && i < results.size(); ++i)
    n.set(i, results[i]);
  return success();
}

static LogicalResult scan(Node &n) {
  const GraphProto *body = n.graphAttr("body");
  if (!body || n.failed())
    return failure();
  if (n.opset() < 9)
    return n.fail("version 8 of Scan is not supported, expected 9 or newer");
  int64_t scans = n.intAttr("num_scan_inputs", 0);
  int64_t states = static_cast<int64_t>(n.numInputs()) - scans;
  int64_t outputs = static_cast<int64_t>(n.numOutputs()) - states;
  if (scans < 1 || states < 0 || outputs < 0 || body->outputs.size() != static_cast<size_t>(states + outputs))
    return n.fail("num_scan_inputs does not fit the inputs");
  Ints axes = n.intsAttr("scan_input_axes", Ints(static_cast<size_t>(scans), 0));
  Ints backwards = n.intsAttr("scan_input_directions", Ints(static_cast<size_t>(scans), 0));
  Ints outAxes = n.intsAttr("scan_output_axes", Ints(static_cast<size_t>(outputs), 0));
  Ints outBackwards = n.intsAttr("scan_output_directions", Ints(static_cast<size_t>(outputs), 0));
  if (axes.size() != static_cast<size_t>(scans) || backwards.size() != axes.size() ||
      outAxes.size() != static_cast<size_t>(outputs) || outBackwards.size() != outAxes.size())
    return n.fail("expected an axis and a direction for each scan input and output");
  SmallVector<Value> inits, sequences;
  for (int64_t i = 0; i < states; ++i)
    inits.push_back(n.in(static_cast<unsigned>(i)));
  for (int64_t i = 0; i < scans; ++i) {
    sequences.push_back(n.in(static_cast<unsigned>(states + i)));
    auto &axis = axes[static_cast<size_t>(i)];
    axis = n.axis(axis, Node::rank(sequences.back()));
  }
  Value trips = n.toScalar(n.dimOf(sequences[0], axes[0]));
  auto step = [&](Value iteration, ArrayRef<Value> carried, SmallVectorImpl<Value> &yielded) -> LogicalResult {
    SmallVector<Value> arguments(carried);
    for (auto [i, sequence] : llvm::enumerate(sequences)) {
      Value place = backwards[i] ? n.sub(n.sub(trips, 1), iteration) : iteration;
      arguments.push_back(n.make<graph::GatherOp>(sequence, place, axes[i]));
    }
    if (mlir::failed(n.importer.importGraph(*body, arguments, n.scope, yielded)))
      return failure();
    yielded.insert(yielded.begin(), n.scalar(n.b.getI1Type(), 1));
    return success();
  };
  SmallVector<Value> results = buildLoop(n, trips, n.scalar(n.b.getI1Type(), 1), inits, Node::dim(sequences[0], axes[0]), step);
  if (n.failed() || results.size() != n.numOutputs())
    return n.fail("expected " + Twine(n.numOutputs()) + " results");
  for (auto [i, result] : llvm::enumerate(results)) {
    if (static_cast<int64_t>(i) >= states) {
      size_t at = i - static_cast<size_t>(states);
      int64_t rank = Node::rank(result), axis = n.axis(outAxes[at], rank);
      if (outBackwards[at])
        result = n.slice(result, 0, -1, INT64_MIN, -1);
      Ints order = range(1, rank);
      order.insert(order.begin() + axis, 0);
      result = n.transpose(result, order);
    }
    n.set(static_cast<unsigned>(i), result);
  }
  return success();
}

void tensel::onnx::addControl(HandlerTable &t) {
  t["If"] = branch;
  t["Loop"] = loop;
  t["Scan"] = scan;
}
