// Qwen 2 and 2.5: as Llama, with biases on queries, keys and values.
#include "frontend/llm/Architecture.h"

namespace tensel::llm {

static void build(Model &m) { buildLlamaLike(m, {}); }

const Architecture qwen2 = {{"qwen2"}, {"qwen2"}, likeLlama(), build};

} // namespace tensel::llm
