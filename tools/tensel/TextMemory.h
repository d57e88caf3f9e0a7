// `--max-memory` of the commands that run a language model: what its contexts take is held against the limit when they are made, before
// anything runs.
#ifndef TENSEL_TOOLS_TENSEL_TEXTMEMORY_H
#define TENSEL_TOOLS_TENSEL_TEXTMEMORY_H

#include "runtime/llm/LanguageModel.h"
#include "runtime/llm/RowSteps.h"

namespace tensel::cli {

class TextMemory {
public:
  /// Reads the option; "" is no limit. An empty string or the one message.
  std::string read(const std::string &option);

  /// "" where all that is beside the weights keeps the limit; else what takes how much, and `advice`.
  std::string refuse(const text::LanguageModel &model, const text::ContextMemory &memory, const std::string &advice) const;

  /// Makes something that reads tokens in pieces, as small ones as it takes. Memory is only touched by runs, so what is too large costs
  /// nothing.
  template <typename Make>
  auto make(const text::LanguageModel &model, text::ContextOptions &settings, Make make) const -> decltype(make()) {
    for (;; settings.chunk = std::max<int64_t>(1, settings.chunk / 2)) {
      auto made = make();
      if (!made)
        return made;
      std::string refusal = refuse(model, made->memory(), "; a smaller --context takes less");
      if (refusal.empty())
        return made;
      if (settings.chunk == 1)
        return text::Error{std::move(refusal)};
    }
  }

private:
  int64_t limit = 0; // 0: none
};

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_TEXTMEMORY_H
