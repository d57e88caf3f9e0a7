// GPT-2: learned positions, layer norms, one projection for queries, keys and values, whose weights Hugging Face's files
// hold as [in, out].
#include "frontend/llm/Architecture.h"

namespace tensel::llm {

static Value project(Model &m, Value x, llvm::StringRef name, int64_t out) {
  return m.source.isGguf() ? m.linear(x, name, out) : m.linearTransposed(x, name, out);
}

static void build(Model &m) {
  m.readConfig();
  int64_t hidden = m.config.hidden;
  Activation act = m.activation({"activation_function", ""}, "gelu_new");
  Value x = m.add(m.embed("token_embd", m.tokens(), hidden), m.embed("position_embd", m.positions(), hidden));
  for (m.layer = 0; m.layer < m.config.layers && !m.failed(); ++m.layer) {
    auto parts = m.split(project(m, m.layerNorm(x, ".attn_norm"), ".attn_qkv", 3 * hidden), {hidden, hidden, hidden});
    for (Value &part : parts)
      part = m.splitHeads(part, m.config.heads);
    x = m.add(x, project(m, m.attend(parts[0], parts[1], parts[2]), ".attn_output", hidden));
    Ints dims = m.dimsOf(".ffn_up.weight");
    int64_t width = dims.size() < 2 ? 0 : dims[m.source.isGguf() ? 0 : 1];
    Value h = act(m, project(m, m.layerNorm(x, ".ffn_norm"), ".ffn_up", width));
    x = m.add(x, project(m, h, ".ffn_down", hidden));
  }
  m.finish(m.layerNorm(x, "output_norm"));
}

const Architecture gpt2 = {{"gpt2"},
                           {"gpt2"},
                           {{"token_embd", "transformer.wte|wte"},
                            {"position_embd", "transformer.wpe|wpe"},
                            {"output_norm", "transformer.ln_f|ln_f"},
                            {"output", "lm_head"},
                            {"blk.%.attn_norm", "transformer.h.%.ln_1|h.%.ln_1"},
                            {"blk.%.attn_qkv", "transformer.h.%.attn.c_attn|h.%.attn.c_attn"},
                            {"blk.%.attn_output", "transformer.h.%.attn.c_proj|h.%.attn.c_proj"},
                            {"blk.%.ffn_norm", "transformer.h.%.ln_2|h.%.ln_2"},
                            {"blk.%.ffn_up", "transformer.h.%.mlp.c_fc|h.%.mlp.c_fc"},
                            {"blk.%.ffn_down", "transformer.h.%.mlp.c_proj|h.%.mlp.c_proj"}},
                           build};

} // namespace tensel::llm
