// Qwen 3: as Llama, with norms over each query and key head.
#include "frontend/llm/Architecture.h"

namespace tensel::llm {

static void build(Model &m) { buildLlamaLike(m, {}); }

const Architecture qwen3 = {{"qwen3"}, {"qwen3"}, likeLlama(), build};

} // namespace tensel::llm
