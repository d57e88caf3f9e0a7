// Random elementwise ops, movements, reductions, and indexed reads and writes; see Builder.h.
#include "tests/fuzz/graphs/Builder.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::fuzz;
using graph::ReduceKind;

namespace {
bool isFloatTensor(const Tensor &tensor) { return reference::isFloat(tensor.getKind()); }
bool isAny(const Tensor &) { return true; }

Known anyValue(GraphBuilder &g) {
  return g.some(isAny, [&] { return g.leaf(g.anyKind(), g.anyDims(0, 4)); });
}
Known floatValue(GraphBuilder &g) {
  return g.some(isFloatTensor, [&] { return g.leaf(g.anyFloat(), g.anyDims(0, 4)); });
}
Known ranked(GraphBuilder &g, int64_t least) {
  return g.some([&](const Tensor &t) { return t.getRank() >= least; }, [&] { return g.leaf(g.anyKind(), g.anyDims(least, 4)); });
}

bool broadcasts(ArrayRef<int64_t> a, ArrayRef<int64_t> c) {
  for (size_t i = 0; i < std::min(a.size(), c.size()); ++i) {
    int64_t x = a[a.size() - 1 - i], y = c[c.size() - 1 - i];
    if (x != y && x != 1 && y != 1)
      return false;
  }
  return true;
}

/// Dims that broadcast with `dims`.
Dims broadcastable(GraphBuilder &g, ArrayRef<int64_t> dims) {
  Dims made(dims.drop_front(g.chance(0.3) ? g.below(dims.size() + 1) : 0));
  for (int64_t &dim : made)
    if (g.chance(0.25))
      dim = 1;
  if (g.chance(0.1) && made.size() < 4)
    made.insert(made.begin(), g.between(1, 3));
  return made;
}

Known partner(GraphBuilder &g, const Known &of, Kind kind) {
  auto fits = [&](const Tensor &t) { return t.getKind() == kind && broadcasts(t.getDims(), of.tensor.getDims()); };
  if (g.chance(0.6))
    if (auto found = g.find(fits))
      return *found;
  return g.leaf(kind, broadcastable(g, of.tensor.getDims()));
}

void addUnary(GraphBuilder &g) {
  if (g.chance(0.5)) {
    g.add(g.pick<StringRef>({"floor", "ceil",  "round", "trunc", "sqrt",  "rsqrt", "reciprocal", "exp",   "expm1",
                             "log",   "log1p", "sin",   "cos",   "tan",   "asin",  "acos",       "atan",  "sinh",
                             "cosh",  "tanh",  "asinh", "acosh", "atanh", "erf",   "sigmoid",    "is_nan"}),
          {floatValue(g)});
    return;
  }
  if (g.chance(0.05)) {
    g.add("is_inf", {floatValue(g)}, {g.flag("positive", g.chance(0.7)), g.flag("negative", g.chance(0.7))});
    return;
  }
  Known x = anyValue(g);
  if (isFloatTensor(x.tensor))
    g.add(g.pick<StringRef>({"abs", "neg", "sign", "relu"}), {x});
  else if (x.tensor.getKind() == Kind::Bool)
    g.add("not", {x});
  else
    g.add(g.pick<StringRef>({"abs", "neg", "sign", "relu", "not"}), {x});
}

void addBinary(GraphBuilder &g) {
  Known x = anyValue(g);
  Kind kind = x.tensor.getKind();
  Known y = partner(g, x, kind);
  if (g.chance(0.3))
    std::swap(x, y);
  if (kind == Kind::Bool)
    g.add(g.pick<StringRef>({"and", "or", "xor", "max", "min"}), {x, y});
  else if (reference::isFloat(kind))
    g.add(g.pick<StringRef>({"add", "sub", "mul", "div", "add", "sub", "mul", "max", "min", "mod", "rem", "pow"}), {x, y});
  else
    g.add(g.pick<StringRef>(
              {"add", "sub", "mul", "div", "mod", "rem", "max", "min", "pow", "and", "or", "xor", "shift_left", "shift_right"}),
          {x, y});
}

void addChoice(GraphBuilder &g) {
  if (g.chance(0.5)) {
    Known x = anyValue(g);
    auto predicate = static_cast<graph::ComparePredicate>(g.below(6));
    g.add("compare", {x, partner(g, x, x.tensor.getKind())},
          {g.attr("predicate", graph::ComparePredicateAttr::get(g.b.getContext(), predicate))});
    return;
  }
  Known x = anyValue(g), y = partner(g, x, x.tensor.getKind());
  Known condition = partner(g, x, Kind::Bool);
  g.add("select", {condition, x, y});
}

void addCast(GraphBuilder &g) { g.add("cast", {anyValue(g)}, {g.attr("to", TypeAttr::get(g.type(g.anyKind())))}); }

NamedAttribute reduceKind(GraphBuilder &g, ReduceKind kind) {
  return g.attr("kind", graph::ReduceKindAttr::get(g.b.getContext(), kind));
}

void addReduction(GraphBuilder &g) {
  Known x = ranked(g, 1);
  bool isBool = x.tensor.getKind() == Kind::Bool, isFloat = isFloatTensor(x.tensor);
  ReduceKind extremum = g.chance(0.5) ? ReduceKind::max : ReduceKind::min;
  ReduceKind any = isBool ? extremum : static_cast<ReduceKind>(g.below(5));
  if (any == ReduceKind::mean && !isFloat)
    any = ReduceKind::sum;
  int64_t rank = x.tensor.getRank(), axis = g.below(rank);
  switch (g.below(6)) {
  case 0: {
    if (!isBool)
      g.add("arg_reduce", {x},
            {reduceKind(g, extremum), g.i64("axis", axis), g.flag("keep_dims", g.chance(0.5)),
             g.flag("select_last", g.chance(0.4))});
    return;
  }
  case 1:
    if (!isBool)
      g.add("cumulate", {x},
            {reduceKind(g, g.chance(0.7) ? ReduceKind::sum : ReduceKind::prod), g.i64("axis", axis),
             g.flag("exclusive", g.chance(0.5)), g.flag("reverse", g.chance(0.5))});
    return;
  case 2:
    if (!isBool)
      g.add("topk", {x, g.shape({g.between(g.chance(0.05) ? 0 : 1, x.tensor.getDim(axis))})},
            {g.i64("axis", axis), g.flag("largest", g.chance(0.5))}, 2);
    return;
  default: {
    Dims axes;
    for (int64_t i = 0; i < rank; ++i)
      if (g.chance(0.5))
        axes.push_back(i);
    g.add("reduce", {x}, {reduceKind(g, any), g.list("axes", axes), g.flag("keep_dims", g.chance(0.5))});
  }
  }
}

void addShapeChange(GraphBuilder &g) {
  Known x = anyValue(g);
  Dims dims(x.tensor.getDims());
  int64_t rank = dims.size();
  switch (g.below(4)) {
  case 0: { // the dims regrouped: some joined, some split
    Dims asked;
    for (int64_t dim : dims) {
      if (!asked.empty() && g.chance(0.4))
        asked.back() *= dim;
      else if (dim > 1 && dim % 2 == 0 && g.chance(0.4))
        asked.append({2, dim / 2});
      else
        asked.push_back(dim);
    }
    if (!asked.empty() && g.chance(0.4) && !llvm::is_contained(asked, 0))
      asked[g.below(asked.size())] = -1;
    g.add("reshape", {x, g.shape(asked)}, {g.flag("allow_zero", g.chance(0.5))});
    return;
  }
  case 1: {
    Dims axes;
    for (int64_t i = 0; i < rank; ++i)
      if (dims[i] == 1 && g.chance(0.7))
        axes.push_back(i);
    g.add("squeeze", {x}, {g.list("axes", axes)});
    return;
  }
  case 2:
    if (rank < 4)
      g.add("unsqueeze", {x}, {g.list("axes", {g.below(rank + 1)})});
    return;
  default:
    g.add("flatten", {x}, {g.i64("axis", g.below(rank + 1))});
  }
}

void addMovement(GraphBuilder &g) {
  Known x = ranked(g, 1);
  Dims dims(x.tensor.getDims());
  int64_t rank = dims.size();
  switch (g.below(9)) {
  case 0:
  case 1: {
    Dims order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    for (int64_t i = rank - 1; i > 0; --i)
      std::swap(order[i], order[g.below(i + 1)]);
    g.add("transpose", {x}, {g.list("permutation", order)});
    return;
  }
  case 2:
  case 3: {
    Dims starts, ends, steps, axes;
    for (int64_t i = 0; i < rank; ++i) {
      if (g.chance(0.4))
        continue;
      int64_t step = g.pick<int64_t>({1, 1, 1, 2, 3, -1, -1, -2}), start = g.between(-dims[i], dims[i]),
              end = g.between(-dims[i], dims[i]);
      if (g.chance(0.7))
        start = step > 0 ? g.below((dims[i] + 1) / 2) : -1;
      if (g.chance(0.7))
        end = step > 0 ? g.pick<int64_t>({dims[i], INT64_MAX, dims[i] - 1})
                       : g.pick<int64_t>({INT64_MIN, INT64_MIN + 1, -dims[i] - 1});
      axes.push_back(i), starts.push_back(start), ends.push_back(end), steps.push_back(step);
    }
    g.add("slice", {x, g.shape(starts), g.shape(ends), g.shape(steps)}, {g.list("axes", axes)});
    return;
  }
  case 4: {
    int64_t axis = g.below(rank);
    SmallVector<Known> inputs = {x};
    for (int64_t i = g.between(1, 2); i > 0; --i) {
      auto fits = [&](const Tensor &t) {
        if (t.getKind() != x.tensor.getKind() || t.getRank() != rank)
          return false;
        for (int64_t d = 0; d < rank; ++d)
          if (d != axis && t.getDim(d) != dims[d])
            return false;
        return true;
      };
      Dims other = dims;
      other[axis] = g.below(4);
      inputs.push_back(g.some(fits, [&] { return g.leaf(x.tensor.getKind(), other); }));
    }
    g.add("concat", inputs, {g.i64("axis", axis)});
    return;
  }
  case 5: {
    auto mode = static_cast<graph::PadMode>(g.below(4));
    Dims pads;
    for (int64_t i = 0; i < 2 * rank; ++i) {
      int64_t most = mode == graph::PadMode::constant ? 3 : std::min<int64_t>(2, dims[i % rank] - 1);
      pads.push_back(g.chance(0.4) ? g.between(g.chance(0.2) ? -1 : 0, std::max<int64_t>(most, 0)) : 0);
    }
    g.add("pad", {x, g.shape(pads), g.leaf(x.tensor.getKind(), {})},
          {g.attr("mode", graph::PadModeAttr::get(g.b.getContext(), mode))});
    return;
  }
  case 6: {
    Dims factors;
    for (int64_t i = 0; i < rank; ++i)
      factors.push_back(g.between(1, 3));
    g.add("dilate", {x}, {g.list("factors", factors)});
    return;
  }
  case 7: {
    Dims shape = dims;
    for (int64_t &dim : shape)
      dim = dim == 1 ? g.between(1, 4) : g.chance(0.3) ? 1 : dim;
    if (g.chance(0.3) && rank < 4)
      shape.insert(shape.begin(), g.between(1, 3));
    g.add("expand", {x, g.shape(shape)});
    return;
  }
  default: {
    Dims repeats;
    for (int64_t i = 0; i < rank; ++i)
      repeats.push_back(g.pick<int64_t>({1, 1, 2, 3}));
    g.add("tile", {x, g.shape(repeats)});
  }
  }
}

void addMadeUp(GraphBuilder &g) {
  switch (g.below(3)) {
  case 0: {
    Known x = anyValue(g);
    g.add("shape_of", {x});
    return;
  }
  case 1: {
    Kind kind = g.pick<Kind>({Kind::I64, Kind::I32, Kind::F32, Kind::F64});
    int64_t start = g.between(-3, 3), delta = g.pick<int64_t>({1, 2, -1, -3});
    auto scalar = [&](int64_t value) { return g.constant(Tensor::of(kind, {}, ArrayRef<int64_t>(value))); };
    g.add("range", {scalar(start), scalar(start + delta * g.between(0, 9)), scalar(delta)});
    return;
  }
  default: {
    Dims dims = g.anyDims(1, 3);
    Kind kind = g.pick<Kind>({Kind::I64, Kind::I32, Kind::F32, Kind::U8, Kind::F16});
    g.add("iota", {g.shape(dims)}, {g.i64("axis", g.below(dims.size())), g.attr("element_type", TypeAttr::get(g.type(kind)))});
  }
  }
}

/// Indices into a dim, from the end and out of range now and then.
Known indices(GraphBuilder &g, ArrayRef<int64_t> dims, int64_t into) {
  Tensor tensor(g.chance(0.3) ? Kind::I32 : Kind::I64, dims);
  std::vector<int64_t> values(tensor.getCount());
  for (int64_t &value : values)
    value = g.between(-into, into - 1) + (g.chance(0.02) ? 3 : 0);
  tensor.writeAll(values);
  return g.leafOf(tensor);
}

/// The places of all elements that are not zero, or of some.
void addNonZero(GraphBuilder &g, const Known &x) {
  Known count = g.shape({g.between(0, x.tensor.getCount())});
  if (g.chance(0.8)) {
    Kind kind = x.tensor.getKind();
    auto differs = g.add("compare", {x, g.constant(Tensor(kind, {}))},
                         {g.attr("predicate", graph::ComparePredicateAttr::get(g.b.getContext(), graph::ComparePredicate::ne))});
    if (!differs)
      return;
    auto ones = g.add("cast", *differs, {g.attr("to", TypeAttr::get(g.type(Kind::I64)))});
    auto axes = llvm::to_vector(llvm::seq<int64_t>(0, x.tensor.getRank()));
    auto sum = g.add("reduce", *ones, {reduceKind(g, ReduceKind::sum), g.list("axes", axes), g.flag("keep_dims", false)});
    auto vector = sum ? g.add("reshape", {sum->front(), g.shape({1})}) : std::nullopt;
    if (!vector)
      return;
    count = vector->front();
  }
  g.add("nonzero", {x, count});
}

void addIndexed(GraphBuilder &g) {
  Known x = ranked(g, 1);
  Dims dims(x.tensor.getDims());
  int64_t rank = dims.size(), axis = g.below(rank);
  auto kind = static_cast<graph::ScatterKind>(x.tensor.getKind() == Kind::Bool ? 0 : g.below(5));
  auto scatterKind = g.attr("kind", graph::ScatterKindAttr::get(g.b.getContext(), kind));
  Dims smaller = dims;
  for (int64_t d = 0; d < rank; ++d)
    smaller[d] = d == axis ? g.between(1, 5) : std::max<int64_t>(dims[d] - (g.chance(0.2) ? 1 : 0), 0);
  switch (g.below(6)) {
  case 0:
    g.add("gather", {x, indices(g, g.anyDims(0, 2), dims[axis])}, {g.i64("axis", axis)});
    return;
  case 1:
    g.add("gather_elements", {x, indices(g, smaller, dims[axis])}, {g.i64("axis", axis)});
    return;
  case 2: {
    int64_t batch = g.chance(0.3) ? g.below(rank) : 0, length = g.between(1, std::max<int64_t>(rank - batch, 1));
    Dims shape(ArrayRef(dims).take_front(batch));
    shape.append({g.between(1, 4), length});
    g.add("gather_nd", {x, indices(g, shape, *llvm::min_element(dims))}, {g.i64("batch_dims", batch)});
    return;
  }
  case 3:
    return addNonZero(g, x);
  case 4:
    g.add("scatter_elements", {x, indices(g, smaller, dims[axis]), g.leaf(x.tensor.getKind(), smaller)},
          {scatterKind, g.i64("axis", axis)});
    return;
  default: {
    int64_t tuples = g.between(1, 4), length = g.between(1, rank);
    Dims updates = {tuples};
    updates.append(dims.begin() + length, dims.end());
    g.add("scatter_nd", {x, indices(g, {tuples, length}, *llvm::min_element(dims)), g.leaf(x.tensor.getKind(), updates)},
          {scatterKind});
    return;
  }
  }
}
} // namespace

void tensel::fuzz::addRandomOp(GraphBuilder &g) {
  switch (g.below(14)) {
  case 0:
  case 1:
    return addUnary(g);
  case 2:
  case 3:
  case 4:
    return addBinary(g);
  case 5:
    return addChoice(g);
  case 6:
    return addCast(g);
  case 7:
  case 8:
    return addReduction(g);
  case 9:
    return addShapeChange(g);
  case 10:
  case 11:
    return addMovement(g);
  case 12:
    return addIndexed(g);
  default:
    return addMadeUp(g);
  }
}
