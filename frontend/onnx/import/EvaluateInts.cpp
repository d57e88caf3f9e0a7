// What import can tell of small integer tensors. Exporters compute shapes with
// chains of Shape, Gather, Concat, Equal, Where; ranks and branch conditions
// hang on them, so they are evaluated while the graph is built, element by
// element, with unknown elements where a dim is dynamic.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ComparePredicate;

namespace {
constexpr int64_t mostElements = 1024;
using Cache = llvm::DenseMap<Value, PartialInts>;
using Element = std::optional<int64_t>;

/// Static element count of a small tensor, or nothing.
std::optional<int64_t> countOf(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() > mostElements)
    return std::nullopt;
  return type.getNumElements();
}

int64_t wrap(int64_t value, Type type) {
  auto integer = cast<IntegerType>(type);
  if (integer.getWidth() == 1)
    return value != 0;
  if (integer.getWidth() == 64)
    return value;
  APInt narrow(64, static_cast<uint64_t>(value), true);
  narrow = narrow.trunc(integer.getWidth());
  return integer.isUnsigned() ? static_cast<int64_t>(narrow.getZExtValue()) : narrow.getSExtValue();
}

/// One binary op on one element, or nothing when it cannot be told.
Element apply(Operation *op, Element a, Element c) {
  int64_t r = 0;
  if (isa<graph::MulOp>(op) && ((a && *a == 0) || (c && *c == 0)))
    return 0;
  if (isa<graph::AndOp>(op) && ((a && *a == 0) || (c && *c == 0)))
    return 0;
  if (!a || !c)
    return std::nullopt;
  if (isa<graph::AddOp>(op))
    return __builtin_add_overflow(*a, *c, &r) ? Element() : r;
  if (isa<graph::SubOp>(op))
    return __builtin_sub_overflow(*a, *c, &r) ? Element() : r;
  if (isa<graph::MulOp>(op))
    return __builtin_mul_overflow(*a, *c, &r) ? Element() : r;
  if (isa<graph::DivOp>(op))
    return *c == 0 || (*c == -1 && *a == INT64_MIN) ? Element() : *a / *c;
  if (isa<graph::ModOp>(op)) {
    if (*c == 0 || *c == -1)
      return 0;
    r = *a % *c;
    return r && (r < 0) != (*c < 0) ? r + *c : r;
  }
  if (isa<graph::MaxOp>(op))
    return std::max(*a, *c);
  if (isa<graph::MinOp>(op))
    return std::min(*a, *c);
  if (isa<graph::AndOp>(op))
    return *a & *c;
  if (isa<graph::OrOp>(op))
    return *a | *c;
  if (auto compare = dyn_cast<graph::CompareOp>(op)) {
    switch (compare.getPredicate()) {
    case ComparePredicate::eq:
      return *a == *c;
    case ComparePredicate::ne:
      return *a != *c;
    case ComparePredicate::lt:
      return *a < *c;
    case ComparePredicate::le:
      return *a <= *c;
    case ComparePredicate::gt:
      return *a > *c;
    case ComparePredicate::ge:
      return *a >= *c;
    }
  }
  return std::nullopt;
}

class Evaluator {
public:
  explicit Evaluator(Cache &cache) : cache(cache) {}

  std::optional<PartialInts> of(Value v, int depth = 0) {
    auto count = countOf(v);
    if (!count || !isa<IntegerType>(cast<RankedTensorType>(v.getType()).getElementType()))
      return std::nullopt;
    if (auto found = cache.find(v); found != cache.end())
      return found->second;
    PartialInts result;
    Operation *op = v.getDefiningOp();
    if (op && depth < 200)
      result = evaluate(op, *count, depth + 1);
    if (static_cast<int64_t>(result.size()) != *count)
      result.assign(*count, std::nullopt);
    Type type = cast<RankedTensorType>(v.getType()).getElementType();
    for (Element &element : result)
      if (element)
        element = wrap(*element, type);
    cache[v] = result;
    return result;
  }

private:
  /// Elements in row-major order; a wrong count stands for "nothing known".
  PartialInts evaluate(Operation *op, int64_t count, int depth) {
    if (isa<graph::ConstantOp>(op)) {
      auto ints = graph::getConstantInts(op->getResult(0));
      return ints ? PartialInts(ints->begin(), ints->end()) : PartialInts();
    }
    if (auto shape = dyn_cast<graph::ShapeOfOp>(op)) {
      PartialInts result;
      for (int64_t dim : cast<RankedTensorType>(shape.getInput().getType()).getShape())
        result.push_back(ShapedType::isDynamic(dim) ? Element() : Element(dim));
      return result;
    }
    if (isa<graph::SqueezeOp, graph::UnsqueezeOp, graph::ReshapeOp, graph::FlattenOp>(op))
      return input(op, 0, depth);
    if (auto castOp = dyn_cast<graph::CastOp>(op))
      return isa<IntegerType>(Node::elem(castOp.getInput())) ? input(op, 0, depth) : PartialInts();
    if (isa<graph::NotOp>(op) && Node::isBool(op->getResult(0))) {
      PartialInts result = input(op, 0, depth);
      for (Element &element : result)
        if (element)
          element = !*element;
      return result;
    }
    if (isa<graph::NegOp, graph::AbsOp>(op)) {
      PartialInts result = input(op, 0, depth);
      for (Element &element : result)
        if (element && *element != INT64_MIN)
          element = isa<graph::NegOp>(op) ? -*element : std::abs(*element);
      return result;
    }
    if (isa<graph::RangeOp>(op)) {
      PartialInts start = input(op, 0, depth), step = input(op, 2, depth), result;
      if (start.size() == 1 && step.size() == 1 && start[0] && step[0])
        for (int64_t i = 0; i < count; ++i)
          result.push_back(*start[0] + i * *step[0]);
      return result;
    }
    if (auto concat = dyn_cast<graph::ConcatOp>(op)) {
      PartialInts result;
      if (Node::rank(concat.getResult()) == 1)
        for (unsigned i = 0; i < op->getNumOperands(); ++i)
          result.append(input(op, i, depth));
      return result;
    }
    if (auto gather = dyn_cast<graph::GatherOp>(op))
      return evaluateGather(gather, depth);
    if (auto slice = dyn_cast<graph::SliceOp>(op))
      return evaluateSlice(slice, depth);
    if (auto reduce = dyn_cast<graph::ReduceOp>(op))
      return evaluateReduce(reduce, count, depth);
    if (isa<graph::ExpandOp>(op)) {
      PartialInts data = input(op, 0, depth);
      return data.size() == 1 ? PartialInts(count, data[0]) : data;
    }
    if (isa<graph::ElementwiseOpInterface>(op))
      return evaluateElementwise(op, count, depth);
    return {};
  }

  PartialInts input(Operation *op, unsigned i, int depth) { return of(op->getOperand(i), depth).value_or(PartialInts()); }

  PartialInts evaluateElementwise(Operation *op, int64_t count, int depth) {
    if (op->getNumOperands() < 2 || !isa<IntegerType>(Node::elem(op->getOperand(0))))
      return {};
    SmallVector<PartialInts> inputs;
    for (unsigned i = 0; i < op->getNumOperands(); ++i) {
      inputs.push_back(input(op, i, depth));
      // Only scalars broadcast here; that is what shape arithmetic does.
      if (inputs[i].size() == 1)
        inputs[i] = PartialInts(count, inputs[i][0]);
      if (static_cast<int64_t>(inputs[i].size()) != count)
        return {};
    }
    PartialInts result;
    for (int64_t i = 0; i < count; ++i) {
      if (isa<graph::SelectOp>(op)) {
        Element condition = inputs[0][i];
        result.push_back(!condition ? Element() : *condition ? inputs[1][i] : inputs[2][i]);
      } else {
        result.push_back(apply(op, inputs[0][i], inputs[1][i]));
      }
    }
    return result;
  }

  PartialInts evaluateGather(graph::GatherOp op, int depth) {
    if (Node::rank(op.getData()) != 1)
      return {};
    PartialInts data = input(op, 0, depth), indices = input(op, 1, depth), result;
    auto size = static_cast<int64_t>(data.size());
    for (Element index : indices) {
      if (!index || size == 0) {
        result.push_back(std::nullopt);
        continue;
      }
      int64_t place = *index < 0 ? *index + size : *index;
      result.push_back(data[std::clamp<int64_t>(place, 0, size - 1)]);
    }
    return result;
  }

  PartialInts evaluateSlice(graph::SliceOp op, int depth) {
    PartialInts data = input(op, 0, depth), start = input(op, 1, depth), end = input(op, 2, depth), step = input(op, 3, depth),
                result;
    if (Node::rank(op.getInput()) != 1 || start.size() != 1 || end.size() != 1 || step.size() != 1 || !start[0] || !end[0] ||
        !step[0] || *step[0] == 0)
      return {};
    auto size = static_cast<int64_t>(data.size());
    int64_t s = *start[0], e = *end[0], d = *step[0];
    auto place = [&](int64_t at, int64_t low, int64_t high) { return std::clamp(at < 0 ? at + size : at, low, high); };
    if (d > 0)
      for (int64_t i = place(s, 0, size), last = place(e, 0, size); i < last; i += d)
        result.push_back(data[i]);
    else
      for (int64_t i = place(s, 0, size - 1), last = e < -size ? -1 : place(e, -1, size - 1); i > last && i >= 0; i += d)
        result.push_back(data[i]);
    return result;
  }

  PartialInts evaluateReduce(graph::ReduceOp op, int64_t count, int depth) {
    PartialInts data = input(op, 0, depth);
    bool product = op.getKind() == graph::ReduceKind::prod;
    if (count != 1 || (!product && op.getKind() != graph::ReduceKind::sum))
      return {};
    int64_t total = product;
    for (Element element : data)
      if (!element ||
          (product ? __builtin_mul_overflow(total, *element, &total) : __builtin_add_overflow(total, *element, &total)))
        return {};
    return data.empty() && countOf(op.getInput()) != 0 ? PartialInts() : PartialInts{total};
  }

  Cache &cache;
};
} // namespace

std::optional<PartialInts> tensel::onnx::evaluateInts(Value v, Cache &cache) { return Evaluator(cache).of(v); }
