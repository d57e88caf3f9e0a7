// Phi 3: as Llama, with queries, keys and values in one projection, and gate and up in another.
#include "frontend/llm/Architecture.h"

namespace tensel::llm {

static void build(Model &m) {
  m.readConfig();
  int64_t size = m.config.headSize, queries = m.config.heads * size, keys = m.config.kvHeads * size;
  Rope rope = m.rope(m.ropeSettings());
  Activation act = m.activation({"hidden_act", ""}, "silu");
  Value x = m.embed("token_embd", m.tokens(), m.config.hidden);
  for (m.layer = 0; m.layer < m.config.layers && !m.failed(); ++m.layer) {
    AttentionSettings attention;
    attention.window = m.window();
    auto parts = m.split(m.linear(m.rmsNorm(x, ".attn_norm"), ".attn_qkv", queries + 2 * keys), {queries, keys, keys});
    Value q = m.rotate(m.splitHeads(parts[0], m.config.heads), rope);
    Value k = m.rotate(m.splitHeads(parts[1], m.config.kvHeads), rope);
    Value h = m.attend(q, k, m.splitHeads(parts[2], m.config.kvHeads), attention);
    x = m.add(x, m.linear(h, ".attn_output", m.config.hidden));
    Ints dims = m.dimsOf(".ffn_up.weight");
    int64_t width = dims.empty() ? 0 : dims[0] / 2;
    auto gateUp = m.split(m.linear(m.rmsNorm(x, ".ffn_norm"), ".ffn_up", 2 * width), {width, width});
    x = m.add(x, m.linear(m.mul(act(m, gateUp[0]), gateUp[1]), ".ffn_down", m.config.hidden));
  }
  m.finish(m.rmsNorm(x, "output_norm"));
}

const Architecture phi3 = {
    {"phi3"},
    {"phi3"},
    likeLlama({{"blk.%.attn_qkv", "model.layers.%.self_attn.qkv_proj"}, {"blk.%.ffn_up", "model.layers.%.mlp.gate_up_proj"}}),
    build};

} // namespace tensel::llm
