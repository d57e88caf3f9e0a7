// BERT, as sentence embedders use it (MiniLM): learned positions, norms after each block. Gives a vector for each token,
// and their mean brought to length 1 as the embedding of the text.
#include "frontend/llm/Architecture.h"

namespace tensel::llm {

static Value meanOfTokens(Model &m, Value vectors) {
  Value steps = m.count(m.dimOf(m.tokens(), 1));
  Value counts = m.compare(graph::ComparePredicate::lt, steps, m.unsqueeze(m.lengths(), {1}));
  Value kept = m.select(m.unsqueeze(counts, {2}), vectors, m.number(0));
  Value sum = m.reduce(graph::ReduceKind::sum, kept, 1, false);
  // The direction of the sum is that of the mean.
  Value length = m.make<graph::SqrtOp>(m.reduce(graph::ReduceKind::sum, m.mul(sum, sum), 1));
  return m.div(sum, m.make<graph::MaxOp>(length, m.number(1e-12)));
}

static void build(Model &m) {
  m.readConfig();
  if (m.source.string({"position_embedding_type", ""}).value_or("absolute") != "absolute")
    m.fail("'position_embedding_type' is not 'absolute'");
  int64_t hidden = m.config.hidden;
  Activation act = m.activation({"hidden_act", ""}, "gelu");
  Value x = m.add(m.embed("token_embd", m.tokens(), hidden), m.embed("position_embd", m.positions(), hidden));
  x = m.add(x, m.embed("token_types", m.shape({0}), hidden));
  x = m.layerNorm(x, "token_embd_norm");
  for (m.layer = 0; m.layer < m.config.layers && !m.failed(); ++m.layer) {
    x = m.layerNorm(m.add(x, m.selfAttention(x, Rope())), ".attn_output_norm");
    x = m.layerNorm(m.add(x, m.mlp(x, act)), ".layer_output_norm");
  }
  m.finish(x);
  m.result("embedding", meanOfTokens(m, x));
}

const Architecture bert = {
    {"bert"},
    {"bert"},
    {{"token_embd", "embeddings.word_embeddings|bert.embeddings.word_embeddings"},
     {"position_embd", "embeddings.position_embeddings|bert.embeddings.position_embeddings"},
     {"token_types", "embeddings.token_type_embeddings|bert.embeddings.token_type_embeddings"},
     {"token_embd_norm", "embeddings.LayerNorm|bert.embeddings.LayerNorm"},
     {"blk.%.attn_q", "encoder.layer.%.attention.self.query|bert.encoder.layer.%.attention.self.query"},
     {"blk.%.attn_k", "encoder.layer.%.attention.self.key|bert.encoder.layer.%.attention.self.key"},
     {"blk.%.attn_v", "encoder.layer.%.attention.self.value|bert.encoder.layer.%.attention.self.value"},
     {"blk.%.attn_output", "encoder.layer.%.attention.output.dense|bert.encoder.layer.%.attention.output.dense"},
     {"blk.%.attn_output_norm", "encoder.layer.%.attention.output.LayerNorm|bert.encoder.layer.%.attention.output.LayerNorm"},
     {"blk.%.ffn_up", "encoder.layer.%.intermediate.dense|bert.encoder.layer.%.intermediate.dense"},
     {"blk.%.ffn_down", "encoder.layer.%.output.dense|bert.encoder.layer.%.output.dense"},
     {"blk.%.layer_output_norm", "encoder.layer.%.output.LayerNorm|bert.encoder.layer.%.output.LayerNorm"}},
    build,
    /*encodes=*/true,
    /*decodes=*/false};

} // namespace tensel::llm
