// BLOOM: no positions but ALiBi's slopes on attention scores (Press et al. 2022), a norm after the embedding.
#include "frontend/llm/Architecture.h"

#include <cmath>

namespace tensel::llm {

/// 2^(-8 i / n) for the largest power of two n <= heads, then every other one of the next power's.
static llvm::SmallVector<double> slopes(int64_t heads) {
  int64_t power = int64_t(1) << static_cast<int>(std::floor(std::log2(static_cast<double>(heads))));
  llvm::SmallVector<double> result;
  for (int64_t i = 1; i <= power; ++i)
    result.push_back(std::exp2(-8.0 * static_cast<double>(i) / static_cast<double>(power)));
  for (int64_t i = 1; i <= heads - power; ++i)
    result.push_back(std::exp2(-4.0 * static_cast<double>(2 * i - 1) / static_cast<double>(power)));
  return result;
}

static void build(Model &m) {
  m.readConfig();
  m.expectFlag({"apply_residual_connection_post_layernorm", ""}, false);
  if (m.failed())
    return;
  AttentionSettings attention;
  attention.slopes = m.floats(slopes(m.config.heads));
  Value x = m.layerNorm(m.embed("token_embd", m.tokens(), m.config.hidden), "token_embd_norm");
  for (m.layer = 0; m.layer < m.config.layers && !m.failed(); ++m.layer) {
    auto heads = m.fusedHeads(m.layerNorm(x, ".attn_norm"));
    x = m.add(x, m.linear(m.attend(heads[0], heads[1], heads[2], attention), ".attn_output", m.config.hidden));
    x = m.add(x, m.mlp(m.layerNorm(x, ".ffn_norm"), geluTanh));
  }
  m.finish(m.layerNorm(x, "output_norm"));
}

const Architecture bloom = {
    {"bloom"},
    {"bloom"},
    {{"token_embd", "transformer.word_embeddings|word_embeddings"},
     {"token_embd_norm", "transformer.word_embeddings_layernorm|word_embeddings_layernorm"},
     {"output_norm", "transformer.ln_f|ln_f"},
     {"output", "lm_head"},
     {"blk.%.attn_norm", "transformer.h.%.input_layernorm|h.%.input_layernorm"},
     {"blk.%.attn_qkv", "transformer.h.%.self_attention.query_key_value|h.%.self_attention.query_key_value"},
     {"blk.%.attn_output", "transformer.h.%.self_attention.dense|h.%.self_attention.dense"},
     {"blk.%.ffn_norm", "transformer.h.%.post_attention_layernorm|h.%.post_attention_layernorm"},
     {"blk.%.ffn_up", "transformer.h.%.mlp.dense_h_to_4h|h.%.mlp.dense_h_to_4h"},
     {"blk.%.ffn_down", "transformer.h.%.mlp.dense_4h_to_h|h.%.mlp.dense_4h_to_h"}},
    build};

} // namespace tensel::llm
