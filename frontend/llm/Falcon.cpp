// Falcon: attention and feed-forward side by side, one or a few key heads for all queries. The fused projection holds, for
// each key head, its queries, the key and the value; GGUF's converter puts all queries first.
#include "frontend/llm/Architecture.h"

namespace tensel::llm {

static void build(Model &m) {
  m.readConfig();
  m.expectFlag({"alibi", ""}, false);
  m.expectFlag({"parallel_attn", ""}, true);
  bool isNew = m.flagOr({"new_decoder_architecture", ""}, false), isOne = m.flagOr({"multi_query", ""}, true);
  if (!m.source.isGguf())
    m.config.kvHeads = isNew ? m.sizeOr({"num_kv_heads", ""}, m.config.heads) : isOne ? 1 : m.config.heads;
  int64_t heads = m.config.heads, groups = m.config.kvHeads, size = m.config.headSize;
  if (heads % groups)
    m.fail("key heads, expected a divisor of the query heads");
  int64_t each = heads / std::max<int64_t>(1, groups);
  Rope rope = m.rope(m.ropeSettings());
  Activation act = m.activation({"activation", ""}, "gelu");
  Value x = m.embed("token_embd", m.tokens(), m.config.hidden);
  for (m.layer = 0; m.layer < m.config.layers && !m.failed(); ++m.layer) {
    Value shared = m.layerNorm(x, ".attn_norm");
    Value input = m.has(".attn_norm_2.weight") ? m.layerNorm(x, ".attn_norm_2") : shared;
    Value all = m.linear(input, ".attn_qkv", (heads + 2 * groups) * size), q, k, v;
    if (m.source.isGguf()) {
      auto parts = m.split(all, {heads * size, groups * size, groups * size});
      q = m.splitHeads(parts[0], heads);
      k = m.splitHeads(parts[1], groups);
      v = m.splitHeads(parts[2], groups);
    } else {
      all = m.reshape(all, {0, 0, groups, each + 2, size});
      q = m.reshape(m.slice(all, 3, 0, each), {0, 0, heads, size});
      k = m.squeeze(m.slice(all, 3, each, each + 1), {3});
      v = m.squeeze(m.slice(all, 3, each + 1, each + 2), {3});
    }
    Value h = m.linear(m.attend(m.rotate(q, rope), m.rotate(k, rope), v), ".attn_output", m.config.hidden);
    x = m.add(m.add(x, h), m.mlp(shared, act));
  }
  m.finish(m.layerNorm(x, "output_norm"));
}

const Architecture falcon = {{"falcon"},
                             {"falcon"},
                             {{"token_embd", "transformer.word_embeddings"},
                              {"output_norm", "transformer.ln_f"},
                              {"output", "lm_head"},
                              {"blk.%.attn_norm", "transformer.h.%.ln_mlp|transformer.h.%.input_layernorm"},
                              {"blk.%.attn_norm_2", "transformer.h.%.ln_attn"},
                              {"blk.%.attn_qkv", "transformer.h.%.self_attention.query_key_value"},
                              {"blk.%.attn_output", "transformer.h.%.self_attention.dense"},
                              {"blk.%.ffn_up", "transformer.h.%.mlp.dense_h_to_4h"},
                              {"blk.%.ffn_down", "transformer.h.%.mlp.dense_4h_to_h"}},
                             build};

} // namespace tensel::llm
