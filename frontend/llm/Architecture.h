// One language model architecture: how files name it and its tensors, and how its graph is written. Each has a file of
// its own here; Architectures.cpp lists them.
#ifndef TENSEL_FRONTEND_LLM_ARCHITECTURE_H
#define TENSEL_FRONTEND_LLM_ARCHITECTURE_H

#include "frontend/llm/builder/Model.h"

namespace tensel::llm {

struct Architecture {
  /// general.architecture in GGUF, model_type in config.json.
  llvm::SmallVector<llvm::StringRef, 2> gguf, huggingFace;
  llvm::SmallVector<NamePair, 0> names;
  /// Writes the body of the current function of the model.
  void (*build)(Model &model);
  /// Encoders have a function `encode`, decoders `prefill`, `decode` and maybe `score`.
  bool encodes = false, decodes = true;
};

// One per file.
extern const Architecture bert, bloom, falcon, gemma2, gemma3, gpt2, gptNeoX, llama, mixtral, olmoe, phi3, qwen2, qwen3, rwkv, t5;

llvm::ArrayRef<const Architecture *> architectures();

/// The names of Llama's tensors, which many others share, with more before them.
llvm::SmallVector<NamePair, 0> likeLlama(llvm::ArrayRef<NamePair> more = {});

/// A decoder with norms before attention and feed-forward, rotary positions and grouped key heads.
struct LlamaLike {
  /// Whether rotary pairs lie side by side.
  bool interleaved = false;
  /// Null: the gated block with the configuration's activation.
  Value (*feedForward)(Model &model, Value x) = nullptr;
};
void buildLlamaLike(Model &model, const LlamaLike &options);

} // namespace tensel::llm

#endif // TENSEL_FRONTEND_LLM_ARCHITECTURE_H
