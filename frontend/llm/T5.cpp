// T5: an encoder and a decoder with relative positions as biases on attention scores, unscaled. The decoder's functions
// take the encoder's vectors as the input `encoded`, and `lengths` says how many of each row count.
#include "frontend/llm/Architecture.h"

#include <cmath>

namespace tensel::llm {

/// Which bias each distance key - query from -most to most takes: exact ones near 0, then bins that grow.
static llvm::SmallVector<int64_t> bucketsOfDistances(int64_t buckets, int64_t most, bool bothWays) {
  llvm::SmallVector<int64_t> result;
  int64_t count = bothWays ? buckets / 2 : buckets, exact = count / 2;
  for (int64_t distance = -most; distance <= most; ++distance) {
    int64_t far = bothWays ? std::abs(distance) : std::max<int64_t>(-distance, 0), bucket = far;
    if (far >= exact) {
      float part = std::log(static_cast<float>(far) / static_cast<float>(exact)) /
                   static_cast<float>(std::log(static_cast<double>(most) / static_cast<double>(exact)));
      bucket = std::min(count - 1, exact + static_cast<int64_t>(part * static_cast<float>(count - exact)));
    }
    result.push_back(bucket + (bothWays && distance > 0 ? count : 0));
  }
  return result;
}

/// [1 or B, H, S, T] for queries at positions [S] or [B, S] and keys at 0, 1, ...
static Value positionBias(Model &m, Value keys, Value queries, bool bothWays) {
  int64_t buckets = m.sizeOr({"relative_attention_num_buckets", "attention.relative_buckets_count"}, 32);
  int64_t most = m.sizeOr({"relative_attention_max_distance", ""}, 128);
  if (buckets < 4 || most <= buckets || most > 65536)
    m.fail("relative positions in " + llvm::Twine(buckets) + " buckets up to distance " + llvm::Twine(most) +
           ", expected at least 4 buckets and a larger distance up to 65536");
  Value table = m.weight(".attn_rel_b.weight", {buckets, m.config.heads});
  if (m.failed())
    return m.poison();
  Value perDistance = m.gather(table, m.shape(bucketsOfDistances(buckets, most, bothWays)));
  bool hasRows = Writer::rank(queries) == 2;
  Value distance = m.sub(keys, m.unsqueeze(queries, {hasRows ? 2 : 1}));
  distance = m.make<graph::MinOp>(m.make<graph::MaxOp>(distance, m.integer(-most)), m.integer(most));
  Value bias = m.gather(perDistance, m.add(distance, m.integer(most)));
  if (!hasRows)
    bias = m.unsqueeze(bias, {0});
  return m.transpose(bias, {0, 3, 1, 2});
}

static Value heads(Model &m, Value x, llvm::StringRef name) {
  return m.splitHeads(m.linear(x, name, m.config.heads * m.config.headSize), m.config.heads);
}

static Value selfAttention(Model &m, Value x, Value bias) {
  AttentionSettings settings;
  settings.scale = 1;
  settings.bias = bias;
  Value h = m.attend(heads(m, x, ".attn_q"), heads(m, x, ".attn_k"), heads(m, x, ".attn_v"), settings);
  return m.linear(h, ".attn_o", m.config.hidden);
}

static Value crossAttention(Model &m, Value x, Value encoded) {
  Value q = heads(m, x, ".cross_attn_q"), k = heads(m, encoded, ".cross_attn_k"), v = heads(m, encoded, ".cross_attn_v");
  if (m.failed())
    return m.poison();
  Value h = m.make<graph::AttentionOp>(graph::AttentionMask::full, q, k, v, Value(), m.lengths(), Value(), Value(), Value(),
                                       llvm::APFloat(1.0), 0, llvm::APFloat(0.0));
  return m.linear(m.joinHeads(h), ".cross_attn_o", m.config.hidden);
}

static Value feedForward(Model &m, Value x, Activation act) {
  return m.has(".ffn_gate.weight") ? m.gatedMlp(x, act) : m.mlp(x, act);
}

static void encode(Model &m, Activation act) {
  m.block = "enc.blk";
  Value steps = m.count(m.dimOf(m.tokens(), 1)), bias = positionBias(m, steps, steps, /*bothWays=*/true);
  Value x = m.embed("token_embd", m.tokens(), m.config.hidden);
  for (m.layer = 0; m.layer < m.config.layers && !m.failed(); ++m.layer) {
    x = m.add(x, selfAttention(m, m.rmsNorm(x, ".attn_norm"), bias));
    x = m.add(x, feedForward(m, m.rmsNorm(x, ".ffn_norm"), act));
  }
  m.finish(m.rmsNorm(x, "enc.output_norm"));
}

static void decode(Model &m, Activation act) {
  m.block = "dec.blk";
  int64_t layers = m.sizeOr({"num_decoder_layers", "decoder_block_count"}, m.config.layers);
  Value keys = m.count(m.dimOf(m.keyValues("keys", m.config.heads, m.config.headSize), 1));
  Value bias = positionBias(m, keys, m.positions(), /*bothWays=*/false);
  Value x = m.embed("token_embd", m.tokens(), m.config.hidden);
  Value encoded =
      m.input("encoded", m.f32(), {m.batch(), m.symbol("source", 1, m.config.context), m.b.getI64IntegerAttr(m.config.hidden)});
  for (m.layer = 0; m.layer < layers && !m.failed(); ++m.layer) {
    x = m.add(x, selfAttention(m, m.rmsNorm(x, ".attn_norm"), bias));
    x = m.add(x, crossAttention(m, m.rmsNorm(x, ".cross_attn_norm"), encoded));
    x = m.add(x, feedForward(m, m.rmsNorm(x, ".ffn_norm"), act));
  }
  x = m.rmsNorm(x, "dec.output_norm");
  // Models whose embedding is also the head scale what comes before it.
  bool isTied = !m.has("output.weight");
  if (m.flagOr({"scale_decoder_outputs|tie_word_embeddings", ""}, isTied))
    x = m.mul(x, m.number(1 / std::sqrt(static_cast<double>(m.config.hidden))));
  m.finish(x);
}

static void build(Model &m) {
  m.readConfig();
  std::string projection = m.source.string({"feed_forward_proj", ""}).value_or("relu");
  bool isGated = m.source.isGguf() ? m.has("enc.blk.0.ffn_gate.weight") : projection.starts_with("gated");
  Activation act = m.activation({"dense_act_fn", ""}, isGated ? "gelu_new" : "relu");
  if (m.mode == Mode::Encode)
    encode(m, act);
  else
    decode(m, act);
}

const Architecture t5 = {
    {"t5"},
    {"t5", "mt5"},
    {{"token_embd", "shared|encoder.embed_tokens|decoder.embed_tokens"},
     {"output", "lm_head"},
     {"enc.output_norm", "encoder.final_layer_norm"},
     {"enc.blk.%.attn_norm", "encoder.block.%.layer.0.layer_norm"},
     {"enc.blk.%.attn_q", "encoder.block.%.layer.0.SelfAttention.q"},
     {"enc.blk.%.attn_k", "encoder.block.%.layer.0.SelfAttention.k"},
     {"enc.blk.%.attn_v", "encoder.block.%.layer.0.SelfAttention.v"},
     {"enc.blk.%.attn_o", "encoder.block.%.layer.0.SelfAttention.o"},
     {"enc.blk.%.attn_rel_b", "encoder.block.%.layer.0.SelfAttention.relative_attention_bias"},
     {"enc.blk.%.ffn_norm", "encoder.block.%.layer.1.layer_norm"},
     {"enc.blk.%.ffn_gate", "encoder.block.%.layer.1.DenseReluDense.wi_0"},
     {"enc.blk.%.ffn_up", "encoder.block.%.layer.1.DenseReluDense.wi|encoder.block.%.layer.1.DenseReluDense.wi_1"},
     {"enc.blk.%.ffn_down", "encoder.block.%.layer.1.DenseReluDense.wo"},
     {"dec.output_norm", "decoder.final_layer_norm"},
     {"dec.blk.%.attn_norm", "decoder.block.%.layer.0.layer_norm"},
     {"dec.blk.%.attn_q", "decoder.block.%.layer.0.SelfAttention.q"},
     {"dec.blk.%.attn_k", "decoder.block.%.layer.0.SelfAttention.k"},
     {"dec.blk.%.attn_v", "decoder.block.%.layer.0.SelfAttention.v"},
     {"dec.blk.%.attn_o", "decoder.block.%.layer.0.SelfAttention.o"},
     {"dec.blk.%.attn_rel_b", "decoder.block.%.layer.0.SelfAttention.relative_attention_bias"},
     {"dec.blk.%.cross_attn_norm", "decoder.block.%.layer.1.layer_norm"},
     {"dec.blk.%.cross_attn_q", "decoder.block.%.layer.1.EncDecAttention.q"},
     {"dec.blk.%.cross_attn_k", "decoder.block.%.layer.1.EncDecAttention.k"},
     {"dec.blk.%.cross_attn_v", "decoder.block.%.layer.1.EncDecAttention.v"},
     {"dec.blk.%.cross_attn_o", "decoder.block.%.layer.1.EncDecAttention.o"},
     {"dec.blk.%.ffn_norm", "decoder.block.%.layer.2.layer_norm"},
     {"dec.blk.%.ffn_gate", "decoder.block.%.layer.2.DenseReluDense.wi_0"},
     {"dec.blk.%.ffn_up", "decoder.block.%.layer.2.DenseReluDense.wi|decoder.block.%.layer.2.DenseReluDense.wi_1"},
     {"dec.blk.%.ffn_down", "decoder.block.%.layer.2.DenseReluDense.wo"}},
    build,
    /*encodes=*/true,
    /*decodes=*/true};

} // namespace tensel::llm
