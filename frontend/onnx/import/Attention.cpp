// Attention and what stands around it in language models: rotary embeddings,
// gated activations, linear attention, causal convolution with state.
#include "frontend/onnx/import/Control.h"
#include "frontend/onnx/import/GraphImporter.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ComparePredicate;
using graph::ReduceKind;

/// [batch, steps, heads * size] to [batch, heads, steps, size].
static Value splitHeads(Node &n, Value x, int64_t heads) { return n.transpose(n.reshape(x, {0, 0, heads, -1}), {0, 2, 1, 3}); }

/// The inverse of splitHeads.
static Value joinHeads(Node &n, Value x) { return n.reshape(n.transpose(x, {0, 2, 1, 3}), {0, 0, -1}); }

/// Repeats each head of dim 1 `times` times, neighbours stay together.
static Value repeatHeads(Node &n, Value x, int64_t times) {
  if (times == 1)
    return x;
  Value wide = n.expand(n.unsqueeze(x, {2}), n.shape({1, 1, times, 1, 1}));
  return n.reshapeTo(wide, n.shapeFrom({n.dimOf(x, 0), n.shape({Node::dim(x, 1) * times}), n.dimOf(x, 2), n.dimOf(x, 3)}));
}

namespace {
/// The bias of an Attention node: what its masks add to the scores.
struct AttentionBias {
  Node &n;
  Value queries, keys, pastKey; // [batch, heads, steps, size]
  Value allowed, bias;          // bool and additive parts; null when absent

  void require(Value flags) { allowed = allowed ? n.make<graph::AndOp>(allowed, flags) : flags; }
  LogicalResult addMask();
  void addPositions();
  /// Both parts as one additive tensor, or null.
  Value total() {
    Type type = Node::elem(queries);
    if (!allowed)
      return bias;
    Value none = n.scalar(type, -std::numeric_limits<double>::infinity());
    return n.select(allowed, bias ? Operand(bias) : Operand(n.scalar(type, 0)), none);
  }
};
} // namespace

LogicalResult AttentionBias::addMask() {
  if (!n.has(3))
    return success();
  Value mask = n.in(3);
  int64_t rank = Node::rank(mask), have = Node::dim(mask, rank - 1), want = Node::dim(keys, 2);
  bool flags = Node::isBool(mask);
  if (have >= 0 && want > have && have != 1) {
    Ints low(static_cast<size_t>(rank), 0), high = low;
    high.back() = want - have;
    mask = n.pad(mask, low, high, flags ? n.like(mask, 0) : n.like(mask, -std::numeric_limits<double>::infinity()));
  }
  if (flags)
    require(mask);
  else
    bias = n.cast(mask, Node::elem(queries));
  return success();
}

void AttentionBias::addPositions() {
  int64_t left = n.intAttr("left_window_size", -1), right = n.intAttr("right_window_size", -1);
  bool causal = n.intAttr("is_causal", 0) != 0;
  Value key = n.iota(n.dimOf(keys, 2), 0, n.i64());
  Value valid;
  if (n.has(6))
    valid = n.reshape(n.cast(n.in(6), n.i64()), {-1, 1, 1, 1});
  if (causal || left >= 0 || right >= 0) {
    // The absolute position of each query.
    Value position = n.unsqueeze(n.iota(n.dimOf(queries, 2), 0, n.i64()), {1});
    if (pastKey)
      position = n.add(position, n.toScalar(n.dimOf(pastKey, 2)));
    else if (valid)
      position = n.add(n.sub(valid, n.toScalar(n.dimOf(queries, 2))), position);
    if (causal)
      require(n.compare(ComparePredicate::le, key, position));
    if (left >= 0)
      require(n.compare(ComparePredicate::ge, key, n.sub(position, static_cast<double>(left))));
    if (right >= 0)
      require(n.compare(ComparePredicate::le, key, n.add(position, static_cast<double>(right))));
  }
  if (valid)
    require(n.compare(ComparePredicate::lt, key, valid));
}

static LogicalResult attention(Node &n) {
  Value q = n.in(0), k = n.in(1), v = n.in(2);
  Type type = Node::elem(q);
  bool packed = Node::rank(q) == 3;
  int64_t heads = n.intAttr("q_num_heads", Node::dim(q, 1));
  int64_t kvHeads = n.intAttr("kv_num_heads", Node::dim(k, 1));
  if (heads < 1 || kvHeads < 1 || heads % kvHeads || (!packed && Node::rank(q) != 4) || Node::rank(q) != Node::rank(k) ||
      Node::rank(k) != Node::rank(v))
    return n.fail("expected Q, K, V of rank 3 or 4 and query heads a multiple of the key heads");
  if (packed) {
    q = splitHeads(n, q, heads);
    k = splitHeads(n, k, kvHeads);
    v = splitHeads(n, v, kvHeads);
  }
  Value past = n.has(4) ? n.in(4) : Value();
  if (n.has(4) && n.has(5)) {
    k = n.concat({n.in(4), k}, 2);
    v = n.concat({n.in(5), v}, 2);
  }
  n.set(1, k);
  n.set(2, v);
  AttentionBias mask{n, q, k, past, {}, {}};
  if (mlir::failed(mask.addMask()))
    return failure();
  mask.addPositions();
  Value bias = mask.total();

  int64_t size = Node::dim(q, 3);
  if (size < 1)
    return n.fail("expected a static head size");
  double scale = n.hasAttr("scale") ? n.floatAttr("scale", 1) : 1 / std::sqrt(double(size));
  if (!(scale >= 0))
    return n.fail("expected a scale of 0 or more");
  k = repeatHeads(n, k, heads / kvHeads);
  v = repeatHeads(n, v, heads / kvHeads);
  Value scores = n.matmul(n.mul(q, std::sqrt(scale)), n.mul(k, std::sqrt(scale)), false, true);
  int64_t mode = n.intAttr("qk_matmul_output_mode", 0);
  Value shown = scores;
  double cap = n.floatAttr("softcap", 0);
  if (cap > 0)
    scores = n.mul(n.tanh(n.div(scores, cap)), cap);
  if (mode == 1)
    shown = scores;
  if (bias)
    scores = n.add(scores, bias);
  if (mode == 2)
    shown = scores;
  Type precision = n.typeAttr("softmax_precision", type);
  Value weights = n.make<graph::SoftmaxOp>(n.cast(scores, precision), 3, false);
  if (bias) {
    // A row with no key to attend to gives zeros instead of NaN.
    Value top = n.reduce(ReduceKind::max, bias, {Node::rank(bias) - 1}, true);
    weights = n.select(n.make<graph::IsInfOp>(top, false, true), 0, weights);
  }
  weights = n.cast(weights, type);
  if (mode == 3)
    shown = weights;
  n.set(3, shown);
  Value y = n.matmul(weights, v);
  n.set(0, packed ? joinHeads(n, y) : y);
  return success();
}

static LogicalResult rotaryEmbedding(Node &n) {
  Value x = n.in(0), cosines = n.in(1), sines = n.in(2);
  bool packed = Node::rank(x) == 3, interleaved = n.intAttr("interleaved", 0) != 0;
  int64_t heads = n.intAttr("num_heads", 0);
  if (packed && heads < 1)
    return n.fail("expected num_heads for an input of rank 3");
  // [batch, steps, heads, size]
  Value y = packed ? n.reshape(x, {0, 0, heads, -1}) : n.transpose(x, {0, 2, 1, 3});
  int64_t size = Node::dim(y, 3), turned = n.intAttr("rotary_embedding_dim", 0);
  if (turned == 0)
    turned = size;
  if (size < 1 || turned > size || turned % 2)
    return n.fail("expected a static, even head size");
  if (n.has(3)) {
    Value positions = n.cast(n.in(3), n.i64());
    cosines = n.make<graph::GatherOp>(cosines, positions, 0);
    sines = n.make<graph::GatherOp>(sines, positions, 0);
  }
  cosines = n.unsqueeze(cosines, {2});
  sines = n.unsqueeze(sines, {2});
  Value part = n.slice(y, 3, 0, turned), a, b;
  if (interleaved) {
    a = n.slice(part, 3, 0, turned, 2);
    b = n.slice(part, 3, 1, turned, 2);
  } else {
    a = n.slice(part, 3, 0, turned / 2);
    b = n.slice(part, 3, turned / 2, turned);
  }
  Value real = n.sub(n.mul(cosines, a), n.mul(sines, b));
  Value imaginary = n.add(n.mul(sines, a), n.mul(cosines, b));
  Value result;
  if (interleaved)
    result = n.reshape(n.concat({n.unsqueeze(real, {4}), n.unsqueeze(imaginary, {4})}, 4), {0, 0, 0, turned});
  else
    result = n.concat({real, imaginary}, 3);
  if (turned < size)
    result = n.concat({result, n.slice(y, 3, turned, size)}, 3);
  n.set(0, packed ? n.reshape(result, {0, 0, -1}) : n.transpose(result, {0, 2, 1, 3}));
  return success();
}

static LogicalResult swiGlu(Node &n) {
  Value a = n.in(0);
  n.set(0, n.mul(n.mul(a, n.sigmoid(n.mul(a, n.floatAttr("alpha", 1)))), n.in(1)));
  return success();
}

/// One step a token: the state [batch, heads, k, v] decays, takes k (x) v and is read by q.
static LogicalResult linearAttention(Node &n) {
  StringRef rule = n.stringAttr("update_rule", "gated_delta");
  bool gated = rule == "gated" || rule == "gated_delta";
  bool delta = rule == "delta" || rule == "gated_delta";
  int64_t heads = n.intAttr("q_num_heads", 0), kvHeads = n.intAttr("kv_num_heads", 0);
  if (heads < 1 || kvHeads < 1 || heads % kvHeads || (!gated && !delta && rule != "linear"))
    return n.fail("expected head counts and an update_rule of linear, gated, delta or gated_delta");
  Type type = Node::elem(n.in(0)), wide = n.f32();
  auto unpack = [&](Value x, int64_t count) { return splitHeads(n, n.cast(x, wide), count); };
  Value q = unpack(n.in(0), heads), k = unpack(n.in(1), kvHeads), v = unpack(n.in(2), kvHeads);
  int64_t keySize = Node::dim(q, 3), valueSize = Node::dim(v, 3);
  if (keySize < 1 || valueSize < 1)
    return n.fail("expected static head sizes");
  Value decay = gated ? n.exp(unpack(n.in(4), kvHeads)) : Value();
  Value beta = delta ? unpack(n.in(5), std::max<int64_t>(1, Node::dim(n.in(5), 2))) : Value();
  Value state =
      n.has(3) ? n.cast(n.in(3), wide) : n.zeros(n.shapeFrom({n.dimOf(q, 0), n.shape({kvHeads, keySize, valueSize})}), wide);
  double scale = n.floatAttr("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(double(keySize));
  Value trips = n.toScalar(n.dimOf(q, 2));
  auto step = [&](Value i, ArrayRef<Value> carried, SmallVectorImpl<Value> &yielded) {
    auto at = [&](Value x) { return n.make<graph::GatherOp>(x, i, 2); }; // [batch, heads, size]
    Value s = carried[0], key = n.unsqueeze(at(k), {3}), value = n.unsqueeze(at(v), {2});
    if (gated)
      s = n.mul(s, n.unsqueeze(at(decay), {3}));
    if (delta)
      value = n.mul(n.unsqueeze(at(beta), {2}), n.sub(value, n.matmul(key, s, true, false)));
    s = n.add(s, n.mul(key, value));
    Value read = n.matmul(n.unsqueeze(at(q), {2}), repeatHeads(n, s, heads / kvHeads));
    yielded.append({n.scalar(n.b.getI1Type(), 1), s, n.mul(n.squeeze(read, {2}), scale)});
    return success();
  };
  auto results = buildLoop(n, trips, n.scalar(n.b.getI1Type(), 1), {state}, Node::dim(q, 2), step);
  if (n.failed() || results.size() != 2)
    return failure();
  // [steps, batch, heads, v] -> [batch, steps, heads * v]
  n.set(0, n.cast(n.reshape(n.transpose(results[1], {1, 0, 2, 3}), {0, 0, -1}), type));
  n.set(1, n.cast(results[0], n.has(3) ? Node::elem(n.in(3)) : type));
  return success();
}

static LogicalResult causalConv(Node &n) {
  Value x = n.in(0), w = n.in(1);
  int64_t kernel = Node::dim(w, 2), channels = Node::dim(w, 0);
  if (Node::rank(x) != 3 || Node::rank(w) != 3 || kernel < 1 || channels < 1)
    return n.fail("expected input and weight of rank 3 and a static kernel");
  Value padded = n.has(3) ? n.concat({n.in(3), x}, 2) : n.pad(x, {0, 0, kernel - 1}, {0, 0, 0}, n.like(x, 0));
  Value y = n.make<graph::ConvOp>(padded, w, ArrayRef<int64_t>{1}, ArrayRef<int64_t>{1}, channels);
  if (n.has(2))
    y = n.add(y, n.unsqueeze(n.in(2), {1}));
  if (n.stringAttr("activation", "none") != "none") {
    Value wide = n.cast(y, n.f32());
    y = n.cast(n.mul(wide, n.sigmoid(wide)), Node::elem(x));
  }
  n.set(0, y);
  Value length = n.dimOf(padded, 2);
  n.set(1, n.make<graph::SliceOp>(padded, n.sub(length, static_cast<double>(kernel - 1)), length, n.shape({1}),
                                  ArrayRef<int64_t>{2}));
  return success();
}

/// Attention whose scores and probabilities go through subgraphs of the node.
static LogicalResult flexAttention(Node &n) {
  Value q = n.in(0), k = n.in(1), v = n.in(2);
  Type type = Node::elem(q), precision = n.typeAttr("softmax_precision", type.isF64() ? type : n.f32());
  int64_t heads = Node::dim(q, 1), kvHeads = Node::dim(k, 1), size = Node::dim(q, 3);
  if (Node::rank(q) != 4 || Node::rank(k) != 4 || Node::rank(v) != 4 || heads < 1 || kvHeads < 1 || heads % kvHeads || size < 1)
    return n.fail("expected Q, K, V of rank 4 with static heads and head size");
  k = repeatHeads(n, k, heads / kvHeads);
  v = repeatHeads(n, v, heads / kvHeads);
  double scale = n.floatAttr("scale", 1 / std::sqrt(double(size)));
  Value x = n.mul(n.matmul(n.cast(q, precision), n.cast(k, precision), false, true), scale);
  for (StringRef stage : {"score_mod", "prob_mod"}) {
    if (stage == "prob_mod")
      x = n.make<graph::SoftmaxOp>(x, 3, false);
    if (!n.hasAttr(stage))
      continue;
    const GraphProto *graph = n.graphAttr(stage);
    SmallVector<Value> results;
    if (!graph || graph->inputs.size() != 1 || graph->outputs.size() != 1)
      return n.fail("expected '" + stage + "' to be a graph of one input and one output");
    if (mlir::failed(n.importer.importGraph(*graph, {x}, n.scope, results)))
      return failure();
    x = results[0];
  }
  n.set(0, n.cast(n.matmul(x, n.cast(v, precision)), type));
  return success();
}

void tensel::onnx::addAttention(HandlerTable &t) {
  t["Attention"] = attention;
  t["ai.onnx.preview::FlexAttention"] = flexAttention;
  t["RotaryEmbedding"] = rotaryEmbedding;
  t["SwiGLU"] = swiGlu;
  t["LinearAttention"] = linearAttention;
  t["CausalConvWithState"] = causalConv;
}
