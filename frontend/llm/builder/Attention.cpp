// Attention over the tokens so far. A layer's keys and values are states [B, context, G, D]: new ones are written at
// their tokens' positions, and a query sees those at or before its own, so what stands behind them never counts.
#include "frontend/llm/builder/Model.h"

#include <cmath>

using namespace mlir;
using namespace tensel;
using namespace tensel::llm;

Value Model::splitHeads(Value x, int64_t heads) {
  if (failed())
    return poison();
  return reshape(x, {0, 0, heads, dim(x, 2) / heads});
}

Value Model::joinHeads(Value x) { return failed() ? poison() : reshape(x, {0, 0, dim(x, 2) * dim(x, 3)}); }

Value Model::keyValues(StringRef what, int64_t heads, int64_t size) {
  Attribute capacity = symbol("context", 1, config.context);
  return state((what + "." + Twine(layer)).str(), {batch(), capacity, b.getI64IntegerAttr(heads), b.getI64IntegerAttr(size)});
}

Value Model::attend(Value q, Value k, Value v, const AttentionSettings &settings) {
  if (failed())
    return poison();
  Part part(*this, ".attn", "attention");
  double scale = settings.scale ? settings.scale : 1 / std::sqrt(static_cast<double>(dim(q, 3)));
  auto attention = [&](graph::AttentionMask mask, Value keys, Value values, Value lengths) {
    return joinHeads(make<graph::AttentionOp>(mask, q, keys, values, mode == Mode::Encode ? Value() : positions(), lengths,
                                              Value(), settings.slopes, settings.bias, APFloat(scale), settings.window,
                                              APFloat(settings.softcap)));
  };
  if (mode == Mode::Encode)
    return attention(graph::AttentionMask::full, k, v, lengths());
  if (!cacheIndices) {
    Part indices(*this, "cache_indices", "positions");
    // [B, S, 2]: the row and the position of each new token.
    Value rows = unsqueeze(count(dimOf(tokens(), 0)), {1});
    rows = add(rows, mul(positions(), integer(0)));
    cacheIndices = concat({unsqueeze(rows, {2}), unsqueeze(positions(), {2})}, 2);
  }
  auto keep = [&](StringRef what, Value fresh) {
    Value before = keyValues(what, dim(fresh, 2), dim(fresh, 3));
    Value after = make<graph::ScatterNdOp>(graph::ScatterKind::none, before, cacheIndices, fresh);
    setState((what + "." + Twine(layer)).str(), after);
    return after;
  };
  Value keys = keep("keys", k), values = keep("values", v);
  return attention(graph::AttentionMask::causal, keys, values, Value());
}

SmallVector<Value> Model::fusedHeads(Value x) {
  int64_t width = config.heads * config.headSize;
  Value all = linear(x, ".attn_qkv", 3 * width);
  if (failed())
    return SmallVector<Value>(3, poison());
  SmallVector<Value> parts;
  if (source.isGguf()) {
    for (Value part : split(all, {width, width, width}))
      parts.push_back(splitHeads(part, config.heads));
    return parts;
  }
  all = reshape(all, {0, 0, config.heads, 3, config.headSize});
  for (int64_t i = 0; i < 3; ++i)
    parts.push_back(squeeze(slice(all, 3, i, i + 1), {3}));
  return parts;
}

Value Model::selfAttention(Value x, const Rope &rope, const AttentionSettings &settings) {
  Part part(*this, ".attn", "attention");
  Value q = splitHeads(linear(x, ".attn_q", config.heads * config.headSize), config.heads);
  Value k = splitHeads(linear(x, ".attn_k", config.kvHeads * config.headSize), config.kvHeads);
  Value v = splitHeads(linear(x, ".attn_v", config.kvHeads * config.headSize), config.kvHeads);
  auto normalize = [&](Value &heads, StringRef name, int64_t count) {
    Ints dims = dimsOf((name + ".weight").str());
    // Over each head, or over all of them at once.
    if (dims.size() == 1 && dims[0] == config.headSize)
      heads = rmsNorm(heads, name, settings.normOffset);
    else if (!dims.empty())
      heads = splitHeads(rmsNorm(joinHeads(heads), name, settings.normOffset), count);
  };
  normalize(q, ".attn_q_norm", config.heads);
  normalize(k, ".attn_k_norm", config.kvHeads);
  return linear(attend(rotate(q, rope), rotate(k, rope), v, settings), ".attn_output", config.hidden);
}
