// GPT-NeoX (Pythia): attention and feed-forward side by side on one input, rotary positions on a part of each head.
#include "frontend/llm/Architecture.h"

namespace tensel::llm {

static void build(Model &m) {
  m.readConfig();
  Rope rope = m.rope(m.ropeSettings());
  bool isParallel = m.flagOr({"use_parallel_residual", "use_parallel_residual"}, true);
  Activation act = m.activation({"hidden_act", ""}, "gelu");
  Value x = m.embed("token_embd", m.tokens(), m.config.hidden);
  for (m.layer = 0; m.layer < m.config.layers && !m.failed(); ++m.layer) {
    auto heads = m.fusedHeads(m.layerNorm(x, ".attn_norm"));
    Value h = m.attend(m.rotate(heads[0], rope), m.rotate(heads[1], rope), heads[2]);
    Value attended = m.add(x, m.linear(h, ".attn_output", m.config.hidden));
    x = m.add(attended, m.mlp(m.layerNorm(isParallel ? x : attended, ".ffn_norm"), act));
  }
  m.finish(m.layerNorm(x, "output_norm"));
}

const Architecture gptNeoX = {{"gptneox"},
                              {"gpt_neox"},
                              {{"token_embd", "gpt_neox.embed_in"},
                               {"output_norm", "gpt_neox.final_layer_norm"},
                               {"output", "embed_out|lm_head"},
                               {"blk.%.attn_norm", "gpt_neox.layers.%.input_layernorm"},
                               {"blk.%.attn_qkv", "gpt_neox.layers.%.attention.query_key_value"},
                               {"blk.%.attn_output", "gpt_neox.layers.%.attention.dense"},
                               {"blk.%.ffn_norm", "gpt_neox.layers.%.post_attention_layernorm"},
                               {"blk.%.ffn_up", "gpt_neox.layers.%.mlp.dense_h_to_4h"},
                               {"blk.%.ffn_down", "gpt_neox.layers.%.mlp.dense_4h_to_h"}},
                              build};

} // namespace tensel::llm
