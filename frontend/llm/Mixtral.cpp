// Mixtral: as Llama, with a mixture of experts for a feed-forward block. Its GGUF files say "llama".
#include "frontend/llm/Architecture.h"

namespace tensel::llm {

static Value feedForward(Model &m, Value x) {
  return m.mixture(x, silu, m.size({"num_local_experts", ""}), m.size({"num_experts_per_tok", ""}), /*normalized=*/true);
}

static void build(Model &m) { buildLlamaLike(m, {.feedForward = feedForward}); }

const Architecture mixtral = {{},
                              {"mixtral"},
                              likeLlama({{"blk.%.ffn_gate_inp", "model.layers.%.block_sparse_moe.gate"},
                                         {"blk.%.expert.%.ffn_gate", "model.layers.%.block_sparse_moe.experts.%.w1"},
                                         {"blk.%.expert.%.ffn_up", "model.layers.%.block_sparse_moe.experts.%.w3"},
                                         {"blk.%.expert.%.ffn_down", "model.layers.%.block_sparse_moe.experts.%.w2"}}),
                              build};

} // namespace tensel::llm
