// Writes the answer to a prompt, token by token.
#ifndef TENSEL_RUNTIME_LLM_GENERATE_H
#define TENSEL_RUNTIME_LLM_GENERATE_H

#include "runtime/llm/Sampler.h"
#include "runtime/llm/TextContext.h"

#include <functional>

namespace tensel::text {

struct GenerationOptions {
  SamplingOptions sampling;
  uint32_t maxTokens = 256;
  std::vector<std::string> stop; ///< texts that end the answer and are not part of it
  bool ignoreEnd = false;        ///< go on after the model's own end
  bool shift = false;            ///< forget the older half of a full context instead of failing
};

/// Why an answer ended.
enum class Finish : uint8_t { Length, End, Stop, Cancelled };
const char *finishName(Finish finish);

struct Generation {
  std::vector<TokenId> tokens; ///< without the one that ended the answer
  std::string text;
  Finish finish = Finish::Length;
  size_t promptTokens = 0, readTokens = 0; ///< of the prompt; of those, what the context did not hold yet
  double prefillSeconds = 0, decodeSeconds = 0;
};

/// Takes the next piece of the answer, whole UTF-8; false ends it.
using TextSink = std::function<bool(std::string_view piece)>;

/// The context becomes the prompt and then the answer. The same prompt, options and machine give the same answer.
Result<Generation> generate(const LanguageModel &model, TextContext &context, std::span<const TokenId> prompt,
                            const GenerationOptions &options, const TextSink &sink);

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_GENERATE_H
