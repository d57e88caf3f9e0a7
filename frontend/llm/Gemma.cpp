// Gemma 2 and 3: norms before and after attention and feed-forward, whose weights count from 1 in Hugging Face's files;
// scaled embeddings; layers with a sliding window among layers without. Gemma 2 caps logits and attention scores, Gemma 3
// norms queries and keys and turns its windowed layers by another base.
#include "frontend/llm/Architecture.h"

#include <cmath>

namespace tensel::llm {

/// `period`: where the file does not say, each period-th layer has no window.
static void build(Model &m, int64_t period, bool isThird) {
  m.readConfig();
  double offset = m.source.isGguf() ? 0 : 1;
  RopeSettings settings = m.ropeSettings();
  if (isThird) {
    settings.base = m.numberOr({"rope_parameters.full_attention.rope_theta|rope_theta", "rope.freq_base"}, 1e6);
    settings.parameters = "rope_parameters.full_attention|rope_scaling";
  }
  Rope rope = m.rope(settings), local = rope;
  if (isThird) {
    settings.base =
        m.numberOr({"rope_parameters.sliding_attention.rope_theta|rope_local_base_freq", "rope.freq_base_swa"}, 10000);
    settings.scaled = false;
    local = m.rope(settings);
  }
  AttentionSettings attention;
  attention.scale = 1 / std::sqrt(m.numberOr({"query_pre_attn_scalar", ""}, static_cast<double>(m.config.headSize)));
  attention.softcap = m.numberOr({"attn_logit_softcapping", "attn_logit_softcapping"}, 0);
  attention.normOffset = offset;
  Activation act = m.activation({"hidden_activation|hidden_act", ""}, "gelu_pytorch_tanh");
  Value x = m.embed("token_embd", m.tokens(), m.config.hidden);
  x = m.mul(x, m.number(std::sqrt(static_cast<double>(m.config.hidden))));
  for (m.layer = 0; m.layer < m.config.layers && !m.failed(); ++m.layer) {
    attention.window = m.window(/*slides=*/(m.layer + 1) % period != 0);
    Value h = m.selfAttention(m.rmsNorm(x, ".attn_norm", offset), attention.window ? local : rope, attention);
    x = m.add(x, m.rmsNorm(h, ".post_attention_norm", offset));
    h = m.gatedMlp(m.rmsNorm(x, ".ffn_norm", offset), act);
    x = m.add(x, m.rmsNorm(h, ".post_ffw_norm", offset));
  }
  m.finish(m.rmsNorm(x, "output_norm", offset), "output", "token_embd",
           m.numberOr({"final_logit_softcapping", "final_logit_softcapping"}, 0));
}

static void buildSecond(Model &m) { build(m, 2, false); }
static void buildThird(Model &m) { build(m, 6, true); }

static const NamePair more[] = {{"blk.%.post_attention_norm", "model.layers.%.post_attention_layernorm"},
                                {"blk.%.ffn_norm", "model.layers.%.pre_feedforward_layernorm"},
                                {"blk.%.post_ffw_norm", "model.layers.%.post_feedforward_layernorm"}};
const Architecture gemma2 = {{"gemma2"}, {"gemma2"}, likeLlama(more), buildSecond};
const Architecture gemma3 = {{"gemma3"}, {"gemma3_text"}, likeLlama(more), buildThird};

} // namespace tensel::llm
