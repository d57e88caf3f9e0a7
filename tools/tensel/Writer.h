// What `tensel generate` and `tensel chat` share: the model opened, and the options as the runtime takes them.
#ifndef TENSEL_TOOLS_TENSEL_WRITER_H
#define TENSEL_TOOLS_TENSEL_WRITER_H

#include "runtime/llm/Generate.h"
#include "tools/tensel/Commands.h"

namespace tensel::cli {

text::GenerationOptions generationOptions(const TextOptions &options);

/// The tokens of `prompt`: one that the chat template made has its special tokens already.
text::Result<std::vector<text::TokenId>> promptTokens(const text::LanguageModel &model, const std::string &prompt, bool isChat);

/// Ctrl-C ends the answer instead of the program, as long as this lives.
class InterruptGuard {
public:
  InterruptGuard();
  ~InterruptGuard();
  static bool isInterrupted();
  static void reset();
};

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_WRITER_H
