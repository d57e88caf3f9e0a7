// The architectures we know.
#include "frontend/llm/Architecture.h"

namespace tensel::llm {

llvm::ArrayRef<const Architecture *> architectures() {
  static const Architecture *const all[] = {&bert,    &bloom, &falcon, &gemma2, &gemma3, &gpt2, &gptNeoX, &llama,
                                            &mixtral, &olmoe, &phi3,   &qwen2,  &qwen3,  &rwkv, &t5};
  return all;
}

} // namespace tensel::llm
