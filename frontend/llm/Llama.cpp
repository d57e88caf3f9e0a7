// Llama and what is built like it: SmolLM2, Llama 2 and 3, Mistral. Norms before attention and feed-forward, rotary
// positions, grouped key heads, a gated feed-forward block with SiLU. GGUF files of Mixtral say "llama" too: they have
// experts.
#include "frontend/llm/Architecture.h"

namespace tensel::llm {

void buildLlamaLike(Model &m, const LlamaLike &options) {
  m.readConfig();
  RopeSettings settings = m.ropeSettings();
  settings.interleaved = options.interleaved;
  Rope rope = m.rope(settings);
  Activation act = m.activation({"hidden_act", ""}, "silu");
  bool slides = m.flagOr({"use_sliding_window", ""}, true);
  Value x = m.embed("token_embd", m.tokens(), m.config.hidden);
  for (m.layer = 0; m.layer < m.config.layers && !m.failed(); ++m.layer) {
    AttentionSettings attention;
    attention.window = m.window(slides);
    x = m.add(x, m.selfAttention(m.rmsNorm(x, ".attn_norm"), rope, attention));
    Value h = m.rmsNorm(x, ".ffn_norm");
    x = m.add(x, options.feedForward ? options.feedForward(m, h) : m.gatedMlp(h, act));
  }
  m.finish(m.rmsNorm(x, "output_norm"));
}

llvm::SmallVector<NamePair, 0> likeLlama(llvm::ArrayRef<NamePair> more) {
  llvm::SmallVector<NamePair, 0> names(more);
  names.append({{"token_embd", "model.embed_tokens"},
                {"output_norm", "model.norm"},
                {"output", "lm_head"},
                {"blk.%.attn_norm", "model.layers.%.input_layernorm"},
                {"blk.%.attn_q", "model.layers.%.self_attn.q_proj"},
                {"blk.%.attn_k", "model.layers.%.self_attn.k_proj"},
                {"blk.%.attn_v", "model.layers.%.self_attn.v_proj"},
                {"blk.%.attn_q_norm", "model.layers.%.self_attn.q_norm"},
                {"blk.%.attn_k_norm", "model.layers.%.self_attn.k_norm"},
                {"blk.%.attn_output", "model.layers.%.self_attn.o_proj"},
                {"blk.%.ffn_norm", "model.layers.%.post_attention_layernorm"},
                {"blk.%.ffn_gate", "model.layers.%.mlp.gate_proj"},
                {"blk.%.ffn_up", "model.layers.%.mlp.up_proj"},
                {"blk.%.ffn_down", "model.layers.%.mlp.down_proj"}});
  return names;
}

static Value feedForward(Model &m, Value x) {
  if (!m.has(".ffn_gate_inp.weight"))
    return m.gatedMlp(x, silu);
  return m.mixture(x, silu, m.size({"", "expert_count"}), m.size({"", "expert_used_count"}), /*normalized=*/true);
}

static void build(Model &m) {
  // GGUF's converter reorders the rows of queries and keys so that pairs lie side by side.
  buildLlamaLike(m, {.interleaved = m.source.isGguf(), .feedForward = m.source.isGguf() ? feedForward : nullptr});
}

const Architecture llama = {{"llama"}, {"llama", "mistral"}, likeLlama(), build};

} // namespace tensel::llm
