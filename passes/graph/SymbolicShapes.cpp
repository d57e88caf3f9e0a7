// The symbolic algebra of dims, and the walk over a function that fills it in.
#include "passes/graph/SymbolicShapes.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include <cmath>

using namespace mlir;
using namespace tensel::graph;

namespace tensel {

SymbolicShapes::SymbolicShapes(ModuleOp module) : context(module.getContext()) {
  for (SymbolOp symbol : module.getOps<SymbolOp>()) {
    Unknown entry;
    entry.kind = Unknown::Declared;
    // I64Attr reads as unsigned.
    int64_t max = symbol.getMax();
    entry.range = {static_cast<int64_t>(symbol.getMin()), max < 0 ? Range::infinity : max};
    positions[symbol.getSymName()] = unknowns.size();
    names.push_back(symbol.getSymName().str());
    unknowns.push_back(std::move(entry));
  }
  declared = unknowns.size();
}

AffineExpr SymbolicShapes::toExpr(Dim dim) {
  if (dim.constant)
    return getAffineConstantExpr(*dim.constant, context);
  return dim.handle ? AffineExpr::getFromOpaquePointer(dim.handle) : AffineExpr();
}

Dim SymbolicShapes::toDim(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  return Dim::of(expr.getAsOpaquePointer());
}

/// Equal definitions give equal symbols, so that equal dims stay provably equal.
Dim SymbolicShapes::fresh(Unknown unknown) {
  for (unsigned i = declared; i < unknowns.size(); ++i) {
    const Unknown &other = unknowns[i];
    if (other.kind == unknown.kind && other.tensor == unknown.tensor && other.index == unknown.index && other.op == unknown.op &&
        other.less == unknown.less && other.operands == unknown.operands && other.scale == unknown.scale &&
        other.tag == unknown.tag)
      return toDim(getAffineSymbolExpr(i, context));
  }
  if (unknown.kind == Unknown::TensorDim || unknown.kind == Unknown::Element || unknown.kind == Unknown::Count)
    read.insert(unknown.tensor);
  unknowns.push_back(std::move(unknown));
  return toDim(getAffineSymbolExpr(unknowns.size() - 1, context));
}

Dim SymbolicShapes::unknownDim(Value tensor, int64_t index) {
  auto found = known.find(tensor);
  if (found != known.end())
    return found->second[index];
  Unknown entry;
  entry.tensor = tensor;
  entry.index = index;
  entry.range.low = 0;
  return fresh(entry);
}

Dim SymbolicShapes::dataDependent(Value operand, StringRef tag) {
  Unknown entry;
  entry.kind = Unknown::Count;
  entry.tensor = operand;
  entry.tag = tag.str();
  entry.range.low = 0;
  return fresh(entry);
}

Dim SymbolicShapes::scaled(Dim dim, Value scales, int64_t index) {
  DenseFPElementsAttr attr;
  AffineExpr expr = toExpr(dim);
  if (!expr || !matchPattern(scales, m_Constant(&attr)))
    return {};
  Unknown entry;
  entry.kind = Unknown::Scaled;
  entry.operands.push_back(expr);
  entry.scale = attr.getValues<APFloat>()[index].convertToFloat();
  entry.range.low = 0;
  return entry.scale == 1 ? dim : fresh(entry);
}

/// A product as its factors: a number and expressions.
static int64_t factorize(AffineExpr expr, SmallVectorImpl<AffineExpr> &factors) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto binary = dyn_cast<AffineBinaryOpExpr>(expr); binary && expr.getKind() == AffineExprKind::Mul)
    return factorize(binary.getLHS(), factors) * factorize(binary.getRHS(), factors);
  factors.push_back(expr);
  return 1;
}

Dim SymbolicShapes::divide(AffineExpr a, AffineExpr b, bool up) {
  SmallVector<AffineExpr> over, under, left;
  int64_t top = factorize(a, over), bottom = factorize(b, under);
  for (AffineExpr factor : under) {
    auto *same = llvm::find(over, factor);
    if (same == over.end())
      left.push_back(factor);
    else
      over.erase(same);
  }
  if (bottom > 0 && top % bottom == 0) {
    top /= bottom;
    bottom = 1;
  }
  auto build = [&](int64_t number, ArrayRef<AffineExpr> factors) {
    AffineExpr result = getAffineConstantExpr(1, context);
    for (AffineExpr factor : factors)
      result = result * factor;
    return result * number;
  };
  AffineExpr numerator = build(top, over), denominator = build(bottom, left);
  if (auto constant = dyn_cast<AffineConstantExpr>(denominator); constant && constant.getValue() < 1)
    return {};
  return toDim(up ? numerator.ceilDiv(denominator) : numerator.floorDiv(denominator));
}

Dim SymbolicShapes::combine(DimOp op, Dim a, Dim b) {
  AffineExpr x = toExpr(a), y = toExpr(b);
  if (!x || !y)
    return {};
  switch (op) {
  case DimOp::add:
    return toDim(x + y);
  case DimOp::sub:
    return toDim(x - y);
  case DimOp::mul:
    return toDim(x * y);
  case DimOp::floorDiv:
  case DimOp::ceilDiv:
    return divide(x, y, op == DimOp::ceilDiv);
  case DimOp::min:
  case DimOp::max: {
    Range difference = rangeOf(x - y), xs = rangeOf(x), ys = rangeOf(y);
    if (difference.high <= 0 || xs.high <= ys.low)
      return op == DimOp::min ? a : b;
    if (difference.low >= 0 || xs.low >= ys.high)
      return op == DimOp::min ? b : a;
    break;
  }
  case DimOp::broadcast:
    if (x == y || rangeOf(x).low > 1)
      return a;
    if (rangeOf(y).low > 1)
      return b;
    break;
  }
  Unknown entry;
  entry.kind = Unknown::Combined;
  entry.op = op;
  entry.operands = {x, y};
  Range xs = rangeOf(x), ys = rangeOf(y);
  entry.range = {std::min(xs.low, ys.low), std::max(xs.high, ys.high)};
  if (op == DimOp::min)
    entry.range.high = std::min(xs.high, ys.high);
  if (op == DimOp::max)
    entry.range.low = std::max(xs.low, ys.low);
  return fresh(entry);
}

Dim SymbolicShapes::combineSelect(bool less, Dim a, Dim b, Dim yes, Dim no) {
  AffineExpr x = toExpr(a), y = toExpr(b), onTrue = toExpr(yes), onFalse = toExpr(no);
  if (!x || !y || !onTrue || !onFalse)
    return {};
  if (onTrue == onFalse)
    return yes;
  Range difference = rangeOf(x - y);
  if (less ? difference.high < 0 : difference.low == 0 && difference.high == 0)
    return yes;
  if (less ? difference.low >= 0 : difference.low > 0 || difference.high < 0)
    return no;
  Unknown entry;
  entry.kind = Unknown::Select;
  entry.less = less;
  entry.operands = {x, y, onTrue, onFalse};
  Range ts = rangeOf(onTrue), fs = rangeOf(onFalse);
  entry.range = {std::min(ts.low, fs.low), std::max(ts.high, fs.high)};
  return fresh(entry);
}

void SymbolicShapes::setDims(Value value, ArrayRef<Dim> dims) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return;
  DimList list;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    Dim dim = size_t(i) < dims.size() ? dims[i] : Dim();
    if (!type.isDynamicDim(i))
      dim = type.getDimSize(i);
    if (!dim.constant && !dim.handle) {
      Unknown entry;
      entry.tensor = value;
      entry.index = i;
      entry.range.low = 0;
      dim = fresh(entry);
    }
    list.push_back(dim);
  }
  known[value] = list;
}

ArrayRef<Dim> SymbolicShapes::dimsOf(Value value) {
  if (!known.contains(value))
    setDims(value, {});
  return known[value];
}

LogicalResult SymbolicShapes::analyze(FunctionOpInterface func) {
  for (BlockArgument arg : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(arg.getType());
    if (!type)
      continue;
    DimList dims(type.getRank());
    auto names = func.getArgAttrOfType<ArrayAttr>(arg.getArgNumber(), "graph.dims");
    for (int64_t i = 0; names && i < std::min<int64_t>(type.getRank(), names.size()); ++i)
      if (auto name = dyn_cast<StringAttr>(names[i])) {
        auto found = positions.find(name.getValue());
        if (found == positions.end())
          return func.emitError() << "found the dim name '" << name.getValue() << "' without a graph.symbol";
        const Range &range = unknowns[found->second].range;
        dims[i] = range.low == range.high ? Dim(range.low) : toDim(getAffineSymbolExpr(found->second, context));
      }
    setDims(arg, dims);
  }
  return analyzeBlock(func.getFunctionBody().front());
}

LogicalResult SymbolicShapes::analyzeBlock(Block &block) {
  for (Operation &op : block) {
    if (auto branch = dyn_cast<IfOp>(op)) {
      if (failed(analyzeIf(branch)))
        return failure();
    } else if (auto loop = dyn_cast<LoopOp>(op)) {
      if (failed(analyzeLoop(loop)))
        return failure();
    } else {
      SmallVector<DimList> results;
      error.clear();
      if (auto shaped = dyn_cast<ShapedOpInterface>(op); shaped && failed(shaped.inferShapes(*this, results)))
        return op.emitError() << (error.empty() ? "operands do not fit together" : error);
      for (OpResult result : op.getResults())
        setDims(result,
                result.getResultNumber() < results.size() ? ArrayRef<Dim>(results[result.getResultNumber()]) : ArrayRef<Dim>());
    }
  }
  return success();
}

LogicalResult SymbolicShapes::analyzeIf(IfOp op) {
  for (Region *region : {&op.getThenRegion(), &op.getElseRegion()})
    if (failed(analyzeBlock(region->front())))
      return failure();
  auto yields = [&](Region &region) { return region.front().getTerminator()->getOperands(); };
  for (auto [result, a, b] : llvm::zip(op.getResults(), yields(op.getThenRegion()), yields(op.getElseRegion()))) {
    DimList dims;
    for (auto [i, pair] : llvm::enumerate(llvm::zip(dimsOf(a), dimsOf(b)))) {
      AffineExpr x = toExpr(std::get<0>(pair)), y = toExpr(std::get<1>(pair));
      if (x == y) {
        dims.push_back(std::get<0>(pair));
        continue;
      }
      // Which one it is shows at run time; the larger bounds it.
      Unknown entry;
      entry.tensor = result;
      entry.index = i;
      entry.operands = {x, y};
      entry.range = {std::min(rangeOf(x).low, rangeOf(y).low), std::max(rangeOf(x).high, rangeOf(y).high)};
      dims.push_back(fresh(entry));
    }
    setDims(result, dims);
  }
  return success();
}

LogicalResult SymbolicShapes::analyzeLoop(LoopOp op) {
  Block &body = op.getBody().front();
  size_t carried = op.getInits().size();
  auto arguments = body.getArguments();
  setDims(arguments[0], {});
  // A carried dim is taken to stay what it is at first, until the body shows otherwise.
  for (auto [arg, init] : llvm::zip(arguments.drop_front(), op.getInits()))
    setDims(arg, dimsOf(init));
  ValueRange yields = body.getTerminator()->getOperands();
  for (bool changed = true; changed;) {
    changed = false;
    elements.clear();
    if (failed(analyzeBlock(body)))
      return failure();
    for (auto [arg, init, next] : llvm::zip(arguments.drop_front(), op.getInits(), yields.slice(1, carried))) {
      DimList dims(dimsOf(arg));
      for (auto [i, pair] : llvm::enumerate(llvm::zip(dimsOf(arg), dimsOf(next)))) {
        Dim now = std::get<0>(pair), then = std::get<1>(pair);
        bool isLeaf = false;
        if (auto symbol = dyn_cast<AffineSymbolExpr>(toExpr(now)))
          isLeaf = unknown(symbol.getPosition()).kind == Unknown::TensorDim && unknown(symbol.getPosition()).tensor == arg;
        if (toExpr(now) == toExpr(then) || isLeaf)
          continue;
        Unknown entry;
        entry.tensor = arg;
        entry.index = i;
        entry.range.low = 0;
        dims[i] = fresh(entry);
        changed = true;
      }
      setDims(arg, dims);
    }
  }
  auto visibleOutside = [&](Dim dim) {
    bool inside = false;
    toExpr(dim).walk([&](AffineExpr part) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(part); symbol && symbol.getPosition() >= declared) {
        SmallVector<unsigned> pending = {symbol.getPosition()};
        while (!pending.empty()) {
          Unknown entry = unknown(pending.pop_back_val());
          if (entry.tensor && op.getBody().isAncestor(entry.tensor.getParentRegion()))
            inside = true;
          for (AffineExpr operand : entry.operands)
            operand.walk([&](AffineExpr inner) {
              if (auto next = dyn_cast<AffineSymbolExpr>(inner); next && next.getPosition() >= declared)
                pending.push_back(next.getPosition());
            });
        }
      }
    });
    return !inside;
  };
  for (auto [n, result] : llvm::enumerate(op.getResults())) {
    DimList dims;
    if (n < carried) {
      for (Dim dim : dimsOf(arguments[n + 1]))
        dims.push_back(visibleOutside(dim) ? dim : Dim());
    } else {
      Unknown count;
      count.tensor = result;
      count.range.low = 0;
      if (AffineExpr trips = toExpr(element(op.getTripCount(), 0)); trips && rangeOf(trips).high < Range::infinity) {
        count.operands.push_back(trips);
        count.range.high = std::max<int64_t>(0, rangeOf(trips).high);
      } else if (trips) {
        count.operands.push_back(trips);
      }
      dims.push_back(fresh(count));
      for (Dim dim : dimsOf(yields[n + 1]))
        dims.push_back(visibleOutside(dim) ? dim : Dim());
    }
    setDims(result, dims);
  }
  return success();
}

} // namespace tensel
