// OLMoE: many small experts, and norms over all query and all key heads at once.
#include "frontend/llm/Architecture.h"

namespace tensel::llm {

static Value feedForward(Model &m, Value x) {
  return m.mixture(x, silu, m.size({"num_experts", "expert_count"}), m.size({"num_experts_per_tok", "expert_used_count"}),
                   m.flagOr({"norm_topk_prob", ""}, false));
}

static void build(Model &m) {
  if (m.source.number({"clip_qkv", ""}))
    m.fail("'clip_qkv' is a number, expected null");
  buildLlamaLike(m, {.feedForward = feedForward});
}

const Architecture olmoe = {{"olmoe"},
                            {"olmoe"},
                            likeLlama({{"blk.%.ffn_gate_inp", "model.layers.%.mlp.gate"},
                                       {"blk.%.expert.%.ffn_gate", "model.layers.%.mlp.experts.%.gate_proj"},
                                       {"blk.%.expert.%.ffn_up", "model.layers.%.mlp.experts.%.up_proj"},
                                       {"blk.%.expert.%.ffn_down", "model.layers.%.mlp.experts.%.down_proj"}}),
                            build};

} // namespace tensel::llm
