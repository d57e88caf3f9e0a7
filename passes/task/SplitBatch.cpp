// Runs a program over slices of its batch, one after the other, so that only one slice's values are alive:
//   func @main(%x: tensor<8x3xf32>) -> tensor<8x5xf32> { %y = f(%x); return %y }
// becomes
//   %s = reshape %x: [4, 2, 3]
//   %r = loop 4 { (%i): %t = gather %s, %i: [2, 3]; %u = f(%t); yield %u: [2, 5] }: [4, 2, 5]
//   return reshape %r: [8, 5]
// Whether samples are independent is asked of every op (passes/kernel/FollowDim.h); reshapes are followed by their dims.
#include "passes/task/SplitBatch.h"
#include "dialects/graph/Graph.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Provenance.h"
#include "passes/graph/ExampleSizes.h"
#include "passes/graph/ShapeOperands.h"
#include "passes/graph/SymbolicShapes.h"
#include "passes/kernel/FollowDim.h"
#include "passes/task/Passes.h"

using namespace mlir;
using namespace tensel::graph;

namespace tensel {
#define GEN_PASS_DEF_SPLITBATCHPASS
#include "passes/task/Passes.h.inc"

namespace {

std::string placeOf(Operation *op) {
  std::string name = nodeName(op->getLoc());
  return name.empty() ? "a " + op->getName().getStringRef().str() : "'" + name + "'";
}

/// Where the samples lie in a tensor: `inner` neighbours along `dim` belong to one.
struct Samples {
  int64_t dim, inner;
};

class BatchSplitter {
public:
  BatchSplitter(ModuleOp module, func::FuncOp func) : func(func), shapes(module), examples(func) {}

  /// An empty string, or why the batch cannot be split.
  std::string analyze() {
    for (unsigned i = 0; i < func.getNumArguments(); ++i)
      if (func.getArgAttr(i, "graph.state"))
        return "'" + func.getSymName().str() + "' has states";
    ScopedDiagnosticHandler quiet(func.getContext(), [](Diagnostic &) { return success(); });
    if (failed(shapes.analyze(func)))
      return "its shapes are not known";
    if (func.getNumArguments() == 0 || rankOf(func.getArgument(0)) == 0)
      return "the first input has no dims";
    batch = exprAt(func.getArgument(0), 0);
    auto size = dyn_cast<AffineConstantExpr>(batch);
    if (size && size.getValue() < 2)
      return "the first dim of the first input is " + std::to_string(size.getValue());
    samples = size ? size.getValue() : -1;
    for (BlockArgument argument : func.getArguments())
      for (int64_t d = 0; d < rankOf(argument); ++d)
        if (exprAt(argument, d) == batch) {
          if (d == 0)
            marks[argument] = {0, 1};
          else if (samples < 0)
            return "it is not the first dim of every input that has it";
          if (d == 0)
            break;
        }
    for (Operation &op : func.front().without_terminator())
      if (std::string refusal = follow(&op); !refusal.empty())
        return refusal;
    for (Value result : func.front().getTerminator()->getOperands())
      if (auto found = marks.find(result); found != marks.end() && (found->second.dim != 0 || found->second.inner != 1))
        return "it is not the first dim of every output that has it";
    return "";
  }

  SmallVector<int64_t> rows() {
    SmallVector<int64_t> found;
    if (samples < 0)
      return {1};
    for (int64_t k = samples / 2; k >= 1; --k)
      if (samples % k == 0 && (k == 1 || canReshape()))
        found.push_back(k);
    return found;
  }

  /// False where the ops do not fit slices of `k` samples; then nothing is changed.
  bool split(int64_t k) {
    if (!llvm::is_contained(rows(), k))
      return false;
    Operation *ret = func.front().getTerminator();
    OpBuilder b(ret);
    Location loc = ret->getLoc();
    auto i64 = RankedTensorType::get({}, b.getI64Type()), flag = RankedTensorType::get({}, b.getI1Type());
    Value yes = ConstantOp::create(b, loc, DenseElementsAttr::get(flag, true));
    Operation *begin = yes.getDefiningOp();
    Value trips =
        samples < 0 ? dynamicBatch(b, loc) : Value(ConstantOp::create(b, loc, DenseElementsAttr::get(i64, samples / k)));
    SmallVector<Value> whole, outputs;
    for (BlockArgument argument : func.getArguments())
      whole.push_back(marks.contains(argument) ? stacked(b, argument, k) : Value());
    SmallVector<Type> types;
    for (Value output : ret->getOperands()) {
      if (!marks.contains(output) || llvm::is_contained(outputs, output))
        continue;
      outputs.push_back(output);
      SmallVector<int64_t> dims(shapeOf(output));
      if (k == 1) {
        types.push_back(RankedTensorType::get(dims, elementTypeOf(output)));
        continue;
      }
      dims[0] = k;
      dims.insert(dims.begin(), samples / k);
      types.push_back(RankedTensorType::get(dims, elementTypeOf(output)));
    }
    auto loop = LoopOp::create(b, loc, types, trips, yes, ValueRange());
    Block *body = b.createBlock(&loop.getBody(), {}, {i64}, {loc});
    IRMapping map;
    for (auto [argument, stack] : llvm::zip(func.getArguments(), whole))
      if (stack)
        map.map(argument, slice(b, argument, stack, body->getArgument(0), k));
    bool fits = true;
    for (Operation *op : inside)
      fits = fits && cloneInto(b, op, map, k);
    SmallVector<Value> yields = {yes};
    for (Value output : outputs) {
      Value value = map.lookupOrNull(output);
      if (fits && k == 1)
        value = SqueezeOp::create(b, loc, RankedTensorType::get(shapeOf(output).drop_front(), elementTypeOf(output)), value,
                                  b.getDenseI64ArrayAttr({0}));
      yields.push_back(value ? value : yes);
    }
    YieldOp::create(b, loc, yields);
    if (!fits) {
      // Everything from the first op that was made on goes, the last one first.
      while (ret->getPrevNode() && ret->getPrevNode() != begin->getPrevNode())
        ret->getPrevNode()->erase();
      return false;
    }
    b.setInsertionPoint(ret);
    for (auto [output, result] : llvm::zip(outputs, loop.getResults()))
      ret->replaceUsesOfWith(output, unstacked(b, output, result, k));
    for (Operation *op : llvm::reverse(inside))
      if (op->use_empty())
        op->erase();
    return true;
  }

private:
  static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
  AffineExpr exprAt(Value value, int64_t dim) { return shapes.toExpr(shapes.dimsOf(value)[dim]); }

  /// Slices of more than one sample are views of inputs and outputs whose dims are all known.
  bool canReshape() {
    auto isKnown = [&](Value value) {
      return !marks.contains(value) || cast<RankedTensorType>(value.getType()).hasStaticShape();
    };
    return llvm::all_of(func.getArguments(), isKnown) && llvm::all_of(func.front().getTerminator()->getOperands(), isKnown);
  }

  std::string follow(Operation *op) {
    bool reads = false, readsSizes = false;
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands()) {
        reads |= marks.contains(operand);
        readsSizes |= sizes.contains(operand);
      }
    });
    if (!reads && !readsSizes)
      return "";
    if (op->getNumResults() == 1)
      if (auto elements = shapes.knownElements(op->getResult(0));
          elements && llvm::none_of(*elements, [&](Dim element) { return isMadeOfSamples(shapes.toExpr(element)); })) {
        if (llvm::any_of(*elements, [&](Dim element) { return dependsOnBatch(shapes.toExpr(element)); })) {
          sizes.insert(op->getResult(0)); // integers that follow from dims: the slice's
          inside.push_back(op);
        }
        return "";
      }
    // As a number to compute with, a size would be the slice's.
    SmallVector<unsigned> shaping = shapeOperands(op);
    for (OpOperand &operand : op->getOpOperands())
      if (sizes.contains(operand.get()) && !llvm::is_contained(shaping, operand.getOperandNumber()))
        return placeOf(op) + " computes with the size of the batch";
    std::optional<Samples> result;
    if (!reads) {
      result = findRepeated(op);
    } else if (isReshape(op)) {
      result = followView(op->getOperand(0), op->getResult(0));
    } else {
      SmallVector<int64_t> marked;
      std::optional<int64_t> inner;
      bool agrees = true;
      for (Value operand : op->getOperands()) {
        auto found = marks.find(operand);
        marked.push_back(found == marks.end() ? -1 : found->second.dim);
        if (found != marks.end()) {
          agrees &= !inner || *inner == found->second.inner;
          inner = found->second.inner;
        }
      }
      if (agrees && inner)
        if (std::optional<int64_t> dim = followDim(op, marked, sizeOf))
          result = {*dim, *inner};
    }
    if (!result)
      return placeOf(op) + " mixes samples, as far as can be seen";
    marks[op->getResult(0)] = *result;
    inside.push_back(op);
    return "";
  }

  /// Whether a number is, or follows from, what a sample holds, and not how many there are.
  bool isMadeOfSamples(AffineExpr expr) {
    return expr
        .walk([&](AffineExpr inner) {
          auto symbol = dyn_cast<AffineSymbolExpr>(inner);
          if (!symbol || symbol.getPosition() < shapes.numDeclared())
            return WalkResult::advance();
          const Unknown &unknown = shapes.unknown(symbol.getPosition());
          bool isRead = (unknown.kind == Unknown::Element || unknown.kind == Unknown::Count) && marks.contains(unknown.tensor);
          return isRead || llvm::any_of(unknown.operands, [&](AffineExpr operand) { return isMadeOfSamples(operand); })
                     ? WalkResult::interrupt()
                     : WalkResult::advance();
        })
        .wasInterrupted();
  }

  /// Whether a number is another one for a slice. Of a batch of fixed size any constant may be.
  bool dependsOnBatch(AffineExpr expr) {
    return samples >= 0 ||
           expr.walk([&](AffineExpr inner) { return inner == batch ? WalkResult::interrupt() : WalkResult::advance(); })
               .wasInterrupted();
  }

  /// The dim of samples where all of them get the same, as in a constant that is made as large as the batch.
  std::optional<Samples> findRepeated(Operation *op) {
    std::optional<Samples> found;
    for (int64_t d = 0; op->getNumResults() == 1 && d < rankOf(op->getResult(0)); ++d) {
      AffineExpr size = exprAt(op->getResult(0), d);
      if (!dependsOnBatch(size))
        continue;
      if (found || size != batch || !isRepeatedAlong(op, d, sizeOf))
        return std::nullopt;
      found = Samples{d, 1};
    }
    return found;
  }

  AffineExpr product(Value value, int64_t first, int64_t last) {
    AffineExpr result = getAffineConstantExpr(1, func.getContext());
    for (int64_t d = first; d < last; ++d)
      result = result * exprAt(value, d);
    return result;
  }

  /// Row-major order stays, so the dim is found by what lies before it; dims behind it may have joined it, or have left it.
  std::optional<Samples> followView(Value from, Value to) {
    auto found = marks.find(from);
    if (found == marks.end())
      return std::nullopt;
    auto [dim, inner] = found->second;
    AffineExpr before = product(from, 0, dim);
    for (int64_t d = 0; d < rankOf(to); ++d) {
      if (product(to, 0, d) != before)
        continue;
      // The fewest neighbours that make the dim a multiple of the batch.
      AffineExpr size = exprAt(to, d);
      for (int64_t next = dim, many = 1;; ++next) {
        if (size == batch * many)
          return Samples{d, many};
        if (next > dim || inner == 1) {
          auto more = next + 1 < rankOf(from) ? dyn_cast<AffineConstantExpr>(exprAt(from, next + 1)) : AffineConstantExpr();
          if (!more)
            break;
          many *= more.getValue();
        } else {
          many *= inner;
        }
        if (next - dim > rankOf(from))
          break;
      }
    }
    return std::nullopt;
  }

  Value dynamicBatch(OpBuilder &b, Location loc) {
    Value dims = ShapeOfOp::create(b, loc, func.getArgument(0));
    Value zero = ConstantOp::create(b, loc, DenseElementsAttr::get(RankedTensorType::get({}, b.getI64Type()), int64_t(0)));
    return GatherOp::create(b, loc, dims, zero, 0);
  }

  /// [samples, ...] -> [samples / k, k, ...]; as it is for one sample a slice.
  Value stacked(OpBuilder &b, Value value, int64_t k) {
    if (k == 1)
      return value;
    SmallVector<int64_t> dims(shapeOf(value));
    dims[0] = k;
    dims.insert(dims.begin(), samples / k);
    return ReshapeOp::create(b, value.getLoc(), RankedTensorType::get(dims, elementTypeOf(value)), value,
                             makeShape(b, value.getLoc(), dims), false);
  }

  Value slice(OpBuilder &b, Value value, Value stack, Value iteration, int64_t k) {
    SmallVector<int64_t> dims(shapeOf(value).drop_front());
    if (k != 1)
      dims.insert(dims.begin(), k);
    Type element = elementTypeOf(value);
    Value part = GatherOp::create(b, value.getLoc(), RankedTensorType::get(dims, element), stack, iteration, 0);
    if (k != 1)
      return part;
    dims.insert(dims.begin(), 1);
    return UnsqueezeOp::create(b, value.getLoc(), RankedTensorType::get(dims, element), part, b.getDenseI64ArrayAttr({0}));
  }

  Value unstacked(OpBuilder &b, Value output, Value result, int64_t k) {
    if (k != 1)
      return ReshapeOp::create(b, output.getLoc(), output.getType(), result, makeShape(b, output.getLoc(), shapeOf(output)),
                               false);
    if (samples >= 0)
      return result;
    // The loop counts; that there are as many as the input has is said again, so that the output's dims keep their names.
    Location loc = output.getLoc();
    SmallVector<Value> dims;
    for (int64_t d = 0; d < rankOf(output); ++d) {
      int64_t size = shapeOf(output)[d];
      dims.push_back(ShapedType::isDynamic(size) ? dimOfInput(b, loc, exprAt(output, d)) : makeShape(b, loc, {size}));
      if (!dims.back())
        return result;
    }
    Value shape = dims.size() == 1 ? dims[0] : Value(ConcatOp::create(b, loc, dims, 0));
    return ReshapeOp::create(b, loc, output.getType(), result, shape, false);
  }

  /// [dim] of the first input that has it, or null.
  Value dimOfInput(OpBuilder &b, Location loc, AffineExpr dim) {
    for (BlockArgument argument : func.getArguments())
      for (int64_t d = 0; d < rankOf(argument); ++d)
        if (exprAt(argument, d) == dim)
          return GatherOp::create(b, loc, ShapeOfOp::create(b, loc, argument), makeShape(b, loc, {d}), 0);
    return {};
  }

  /// The op for a slice: the sample dim of its result is smaller, and so is what a constant shape says of it.
  bool cloneInto(OpBuilder &b, Operation *op, IRMapping &map, int64_t k) {
    auto found = marks.find(op->getResult(0));
    Operation *copy = b.clone(*op, map);
    map.map(op->getResults(), copy->getResults());
    if (found == marks.end())
      return true;
    auto [dim, inner] = found->second;
    if (samples >= 0)
      (void)resizeShapes(copy, dim, samples * inner, k * inner);
    SmallVector<int64_t> dims(shapeOf(op->getResult(0)));
    dims[dim] = k * inner;
    copy->getResult(0).setType(RankedTensorType::get(dims, elementTypeOf(op->getResult(0))));
    return hasInferredType(copy);
  }

  func::FuncOp func;
  SymbolicShapes shapes;
  ExampleSizes examples;
  std::function<std::optional<int64_t>(Value, int64_t)> sizeOf = [this](Value value, int64_t dim) {
    return examples.of(exprAt(value, dim));
  };
  AffineExpr batch;
  int64_t samples = -1; // -1: a symbol
  llvm::DenseMap<Value, Samples> marks;
  llvm::DenseSet<Value> sizes;
  SmallVector<Operation *> inside;
};

bool isEntry(func::FuncOp func) { return func.isPublic() && !func.isDeclaration(); }

struct SplitBatchPass : impl::SplitBatchPassBase<SplitBatchPass> {
  using Base::Base;

  void runOnOperation() final {
    for (auto func : llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (!isEntry(func))
        continue;
      BatchSplitter splitter(getOperation(), func);
      if (splitter.analyze().empty())
        splitter.split(rows);
    }
  }
};
} // namespace

SplitChoices splitChoices(ModuleOp module) {
  SplitChoices choices;
  for (auto func : module.getOps<func::FuncOp>()) {
    if (!isEntry(func))
      continue;
    BatchSplitter splitter(module, func);
    std::string refusal = splitter.analyze();
    for (int64_t rows : refusal.empty() ? splitter.rows() : SmallVector<int64_t>())
      if (!llvm::is_contained(choices.rows, rows))
        choices.rows.push_back(rows);
    if (!refusal.empty() && choices.refusal.empty())
      choices.refusal = refusal;
  }
  llvm::sort(choices.rows, std::greater<>());
  return choices;
}

} // namespace tensel
