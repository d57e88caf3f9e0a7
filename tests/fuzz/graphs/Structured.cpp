// Random products, windows, normalizations, attention, quantized weights and control flow; see Builder.h.
#include "tests/fuzz/graphs/Builder.h"

#include "dialects/blocks/PackedFormat.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::fuzz;
using graph::ReduceKind;

namespace {
/// Products of integers wrap, those of floats round: both kinds.
Kind productKind(GraphBuilder &g) {
  return g.chance(0.75) ? g.anyFloat() : g.pick<Kind>({Kind::I8, Kind::I32, Kind::I64, Kind::U8, Kind::U32, Kind::I16});
}

void addMatmul(GraphBuilder &g) {
  Known x = g.some([](const Tensor &t) { return t.getRank() >= 2 && t.getKind() != Kind::Bool; },
                   [&] { return g.leaf(productKind(g), g.anyDims(2, 4)); });
  bool left = g.chance(0.3), right = g.chance(0.5);
  Dims dims(x.tensor.getDims());
  int64_t k = dims[dims.size() - (left ? 2 : 1)], n = g.anyDim();
  Dims other = {right ? n : k, right ? k : n};
  for (size_t lead = dims.size() - 2; lead > 0 && g.chance(0.6); --lead)
    other.insert(other.begin(), g.chance(0.3) ? 1 : dims[lead - 1]);
  Kind kind = x.tensor.getKind();
  Known y = g.some([&](const Tensor &t) { return t.getKind() == kind && t.getDims() == ArrayRef<int64_t>(other); },
                   [&] { return g.leaf(kind, other); });
  g.add("matmul", {x, y}, {g.flag("transpose_lhs", left), g.flag("transpose_rhs", right)});
}

void addBlockedMatmul(GraphBuilder &g) {
  int64_t k = g.between(1, 9), columns = g.between(1, 40), width = g.pick<int64_t>({8, 16, 32});
  Kind kind = g.anyFloat(), stored = kind == Kind::F32 ? g.pick<Kind>({Kind::F32, Kind::F16, Kind::BF16}) : kind;
  g.add("blocked_matmul", {g.leaf(kind, {g.between(1, 9), k}), g.leaf(stored, {(columns + width - 1) / width, k, width})},
        {g.i64("columns", columns)});
}

void addConvolution(GraphBuilder &g) {
  int64_t spatial = g.pick<int64_t>({1, 2, 2, 2, 3}), groups = g.pick<int64_t>({1, 1, 1, 2, 3});
  int64_t channels = groups * g.between(1, 4), filters = groups * g.between(1, 4);
  bool transposed = g.chance(0.25);
  Dims input = {g.between(1, 3), channels}, filter = {filters, channels / groups}, strides, dilations, low, high, output;
  if (transposed)
    filter = {channels, filters / groups};
  for (int64_t d = 0; d < spatial; ++d) {
    int64_t kernel = g.between(1, 3), dilation = g.between(1, 2), stride = g.between(1, 3);
    filter.push_back(kernel), dilations.push_back(dilation), strides.push_back(stride);
    input.push_back(dilation * (kernel - 1) + g.between(2, spatial == 3 ? 3 : 9));
    low.push_back(g.below(std::min<int64_t>(2, kernel))), high.push_back(0), output.push_back(stride > 1 ? g.below(2) : 0);
  }
  Kind kind = productKind(g);
  Known x = g.some([&](const Tensor &t) { return t.getKind() == kind && t.getDims() == ArrayRef<int64_t>(input); },
                   [&] { return g.leaf(kind, input); });
  Known w = g.leaf(kind, filter);
  if (transposed) {
    g.add("conv_transpose", {x, w},
          {g.list("strides", strides), g.list("dilations", dilations), g.list("pads_low", low), g.list("pads_high", high),
           g.list("output_padding", output), g.i64("groups", groups)});
    return;
  }
  g.add("conv", {x, w}, {g.list("strides", strides), g.list("dilations", dilations), g.i64("groups", groups)});
}

void addPool(GraphBuilder &g) {
  Known x = g.some([](const Tensor &t) { return t.getRank() >= 3 && t.getKind() != Kind::Bool && t.getCount() > 0; },
                   [&] { return g.leaf(g.anyFloat(), {g.between(1, 2), g.between(1, 3), g.between(3, 9), g.between(3, 9)}); });
  Dims kernel, strides, dilations, low, high;
  for (int64_t d = 2; d < x.tensor.getRank(); ++d) {
    kernel.push_back(g.between(1, std::min<int64_t>(3, x.tensor.getDim(d))));
    strides.push_back(g.between(1, 3)), dilations.push_back(g.chance(0.2) ? 2 : 1);
    low.push_back(g.below(kernel.back())), high.push_back(g.below(kernel.back()));
  }
  SmallVector<NamedAttribute> attributes = {g.list("kernel", kernel),       g.list("strides", strides),
                                            g.list("dilations", dilations), g.list("pads_low", low),
                                            g.list("pads_high", high),      g.flag("ceil_mode", g.chance(0.3))};
  if (g.chance(0.2)) {
    attributes.push_back(g.flag("column_major", g.chance(0.3)));
    g.add("max_pool_indices", {x}, attributes);
    return;
  }
  bool isFloat = reference::isFloat(x.tensor.getKind());
  ReduceKind kind = isFloat ? g.pick<ReduceKind>({ReduceKind::max, ReduceKind::mean, ReduceKind::sum}) : ReduceKind::max;
  attributes.push_back(g.attr("kind", graph::ReduceKindAttr::get(g.b.getContext(), kind)));
  attributes.push_back(g.flag("count_include_pad", g.chance(0.5)));
  g.add("pool", {x}, attributes);
}

void addNormalization(GraphBuilder &g) {
  Known x = g.some([](const Tensor &t) { return t.getRank() >= 2 && reference::isFloat(t.getKind()); },
                   [&] { return g.leaf(g.anyFloat(), g.anyDims(2, 4)); });
  Kind kind = x.tensor.getKind();
  ArrayRef<int64_t> dims = x.tensor.getDims();
  int64_t axis = g.below(dims.size());
  Dims tail(dims.drop_front(axis)), channels = {dims[1]};
  NamedAttribute epsilon = g.f64("epsilon", 1e-3);
  auto perChannel = [&] { return g.leaf(kind, channels); };
  switch (g.below(7)) {
  case 0:
  case 1:
    g.add("softmax", {x}, {g.i64("axis", axis), g.flag("log", g.chance(0.4))});
    return;
  case 2: {
    SmallVector<Known> operands = {x, g.leaf(kind, tail)};
    if (g.chance(0.5))
      operands.push_back(g.leaf(kind, tail));
    g.add("layer_norm", operands, {g.i64("axis", axis), epsilon});
    return;
  }
  case 3:
    g.add("rms_norm", {x, g.leaf(kind, tail)}, {g.i64("axis", axis), epsilon});
    return;
  case 4:
    g.add("batch_norm", {x, perChannel(), perChannel(), perChannel(), perChannel()}, {epsilon});
    return;
  case 5:
    if (dims.size() >= 3)
      g.add("instance_norm", {x, perChannel(), perChannel()}, {epsilon});
    return;
  default:
    if (dims.size() >= 3 && dims[1] > 0)
      g.add("group_norm", {x, perChannel(), perChannel()}, {g.i64("groups", dims[1] % 2 ? 1 : 2), epsilon});
  }
}

void addAttention(GraphBuilder &g) {
  int64_t batch = g.between(1, 2), queries = g.between(1, 5), keys = g.between(1, 9), groups = g.between(1, 2);
  int64_t heads = groups * g.between(1, 2), depth = g.pick<int64_t>({1, 4, 8, 16, 5}), width = g.pick<int64_t>({1, 4, 8, 16, 3});
  Kind kind = g.pick<Kind>({Kind::F32, Kind::F32, Kind::F32, Kind::F16, Kind::BF16, Kind::F64});
  SmallVector<Known> operands = {g.leaf(kind, {batch, queries, heads, depth}), g.leaf(kind, {batch, keys, groups, depth}),
                                 g.finiteLeaf(kind, {batch, keys, groups, width})};
  SmallVector<int32_t> segments = {1, 1, 1, 0, 0, 0, 0, 0};
  auto whole = [&](Dims dims, int64_t most) {
    Tensor tensor(Kind::I64, dims);
    std::vector<int64_t> values(tensor.getCount());
    for (int64_t &value : values)
      value = g.between(0, most);
    tensor.writeAll(values);
    return g.leafOf(tensor);
  };
  auto optional = [&](int index, llvm::function_ref<Known()> make) {
    if (!g.chance(0.3))
      return;
    operands.push_back(make());
    segments[index] = 1;
  };
  optional(3, [&] { return whole({batch, queries}, keys - 1); });
  optional(4, [&] { return whole({batch}, keys); });
  optional(5, [&] { return whole({batch}, keys); });
  optional(6, [&] { return g.leaf(Kind::F32, {heads}); });
  optional(7, [&] { return g.leaf(Kind::F32, {g.chance(0.5) ? 1 : batch, g.chance(0.5) ? 1 : heads, queries, keys}); });
  auto mask = g.chance(0.5) ? graph::AttentionMask::causal : graph::AttentionMask::full;
  g.add("attention", operands,
        {g.attr("mask", graph::AttentionMaskAttr::get(g.b.getContext(), mask)), g.f64("scale", 0.5),
         g.i64("window", g.chance(0.3) ? 3 : 0), g.f64("softcap", g.chance(0.3) ? 4.0 : 0.0),
         g.attr("operandSegmentSizes", g.b.getDenseI32ArrayAttr(segments))});
}

/// Rows of blocks with small factors, decoded, and mostly a product with them: of numbers as they are, or rounded.
void addDequantized(GraphBuilder &g) {
  auto formats = blocks::blockFormats();
  const blocks::BlockFormat &format = formats[g.below(formats.size())];
  auto name = g.attr("format", g.b.getStringAttr(format.name));
  int64_t rows = g.between(1, 40), blocks = format.elements == 256 ? 1 : g.between(1, 3);
  Tensor bytes(Kind::U8, {rows, blocks * format.bytes});
  std::vector<int64_t> values(bytes.getCount());
  for (int64_t &value : values)
    value = g.below(g.chance(0.5) ? 256 : 60); // the high byte of an f16 below 60: a number below 256
  // A byte that is a power of two: a moderate one.
  for (int64_t block = 0; format.scale.kind == blocks::Shared::E8M0Half && block < rows * blocks; ++block)
    values[block * format.bytes + format.scale.byte] = g.between(118, 138);
  bytes.writeAll(values);
  Known x = g.leaf(Kind::F32, {g.between(1, 4), blocks * format.elements});
  if (g.chance(0.4)) {
    int64_t group = blocks::PackedFormat(format).group;
    auto rounded = g.add("quantize_rows", {x}, {g.i64("bits", g.chance(0.5) ? 8 : 16), g.i64("group", group)}, 3);
    auto packed = g.add("pack_blocks", {g.weight(bytes)}, {name});
    if (rounded && packed)
      g.add("block_matmul", {(*rounded)[0], (*rounded)[1], (*rounded)[2], packed->front()}, {name, g.i64("columns", rows)});
    return;
  }
  auto decoded = g.add("dequantize", {g.leafOf(bytes)}, {name});
  if (decoded && g.chance(0.7))
    g.add("matmul", {x, decoded->front()}, {g.flag("transpose_lhs", false), g.flag("transpose_rhs", true)});
}

/// By sizes or by scales; by scales to all lengths, those that are no whole numbers too.
void addResize(GraphBuilder &g) {
  auto fits = [](const Tensor &t) { return t.getRank() == 4 && t.getKind() != Kind::Bool && t.getCount() > 0; };
  Known x = g.some(fits, [&] {
    Kind kind = g.chance(0.8) ? g.anyFloat() : g.pick<Kind>({Kind::U8, Kind::I32, Kind::I8});
    return g.leaf(kind, {1, g.between(1, 3), g.between(1, 6), g.between(2, 6)});
  });
  StringRef coordinates = g.pick<StringRef>(
      {"half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric", "tf_crop_and_resize"});
  auto mode = static_cast<graph::ResizeMode>(g.below(3));
  SmallVector<Known> operands = {x};
  SmallVector<int32_t> segments = {1, 0, 0, 0};
  if (coordinates == "tf_crop_and_resize") {
    SmallVector<double> roi = {0, 0, 0.1, -0.25, 1, 1, g.pick<double>({0.9, 1, 1.5}), g.pick<double>({0.75, 1})};
    operands.push_back(g.constant(Tensor::of(Kind::F32, {8}, roi)));
    segments[1] = 1;
  }
  if (g.chance(0.4)) {
    auto scale = [&] { return g.pick<double>({0.5, 0.6, 0.75, 1, 1.25, 1.5, 2, 2.3, 3}); };
    SmallVector<double> scales = {1, 1, scale(), scale()};
    operands.push_back(g.constant(Tensor::of(Kind::F32, {4}, scales)));
    segments[2] = 1;
  } else {
    Dims sizes(x.tensor.getDims());
    sizes[2] = g.between(1, 9), sizes[3] = g.between(1, 9);
    operands.push_back(g.shape(sizes));
    segments[3] = 1;
  }
  bool isNearest = mode == graph::ResizeMode::nearest;
  g.add("resize", operands,
        {g.attr("mode", graph::ResizeModeAttr::get(g.b.getContext(), mode)),
         g.attr("coordinates", g.b.getStringAttr(coordinates)),
         g.attr("nearest", g.b.getStringAttr(g.pick<StringRef>({"round_prefer_floor", "floor", "ceil", "round_prefer_ceil"}))),
         g.f64("cubic_coeff", g.chance(0.7) ? -0.75 : -0.5), g.f64("extrapolation", 2),
         g.flag("exclude_outside", mode == graph::ResizeMode::cubic && g.chance(0.3)),
         g.flag("antialias", !isNearest && g.chance(0.3)), g.attr("operandSegmentSizes", g.b.getDenseI32ArrayAttr(segments))});
}

Operation *unary(OpBuilder &b, StringRef name, Value value) {
  OperationState state(b.getUnknownLoc(), name, value, value.getType());
  return b.create(state);
}

/// Evaluates an op with regions that was just made, and keeps its results.
void keep(GraphBuilder &g, Operation *op) {
  WeightResolver weights;
  reference::Interpreter::Values values;
  for (const Known &known : g.pool)
    values[known.value] = known.tensor;
  auto found = reference::Interpreter(weights).evaluate(op, values);
  if (failed(found)) {
    op->erase();
    return;
  }
  for (auto [value, tensor] : llvm::zip_equal(op->getResults(), *found))
    g.pool.push_back({value, verification::owned(tensor)});
}

void addControl(GraphBuilder &g) {
  auto found = g.find([](const Tensor &t) { return t.getKind() != Kind::Bool; });
  if (!found)
    return;
  Known x = *found;
  OpBuilder &b = g.b;
  if (g.chance(0.5)) {
    Known condition = g.leaf(Kind::Bool, {});
    g.pool.push_back(condition);
    auto choice = graph::IfOp::create(b, b.getUnknownLoc(), TypeRange(x.value.getType()), condition.value);
    OpBuilder::InsertionGuard guard(b);
    for (auto [region, name] : llvm::zip_equal(choice->getRegions(), ArrayRef<StringRef>{"graph.neg", "graph.relu"})) {
      b.createBlock(&region);
      Operation *made = unary(b, name, x.value);
      if (g.chance(0.5))
        made = unary(b, "graph.abs", made->getResult(0));
      graph::YieldOp::create(b, b.getUnknownLoc(), g.chance(0.2) ? x.value : made->getResult(0));
    }
    keep(g, choice);
    return;
  }
  Tensor count = Tensor::of(Kind::I64, {}, ArrayRef<int64_t>(g.below(4)));
  Known trips = g.chance(0.3) ? g.constant(count) : g.input(count);
  Known goesOn = g.constant(Tensor::of(Kind::Bool, {}, ArrayRef<int64_t>(1)));
  g.pool.append({trips, goesOn});
  auto type = cast<RankedTensorType>(x.value.getType());
  SmallVector<Type> results = {type};
  bool scans = g.chance(0.5);
  if (scans) {
    SmallVector<int64_t> dims = {ShapedType::kDynamic};
    dims.append(type.getShape().begin(), type.getShape().end());
    results.push_back(RankedTensorType::get(dims, type.getElementType()));
  }
  OperationState state(b.getUnknownLoc(), "graph.loop", ValueRange{trips.value, goesOn.value, x.value}, results);
  state.addRegion();
  Operation *loop = b.create(state);
  {
    OpBuilder::InsertionGuard guard(b);
    Block *body = b.createBlock(&loop->getRegion(0), {}, {trips.value.getType(), type}, {b.getUnknownLoc(), b.getUnknownLoc()});
    OperationState sum(b.getUnknownLoc(), "graph.add", ValueRange{body->getArgument(1), x.value}, type);
    Value next = b.create(sum)->getResult(0);
    SmallVector<Value> yielded = {goesOn.value, next};
    if (scans)
      yielded.push_back(g.chance(0.5) ? next : body->getArgument(1));
    graph::YieldOp::create(b, b.getUnknownLoc(), yielded);
  }
  keep(g, loop);
}
} // namespace

void tensel::fuzz::addStructuredOp(GraphBuilder &g) {
  switch (g.below(12)) {
  case 0:
  case 1:
    return addMatmul(g);
  case 2:
    return addBlockedMatmul(g);
  case 3:
  case 4:
    return addConvolution(g);
  case 5:
    return addPool(g);
  case 6:
  case 7:
    return addNormalization(g);
  case 8:
    return addAttention(g);
  case 9:
    return addDequantized(g);
  case 10:
    return addResize(g);
  default:
    return addControl(g);
  }
}
