// Writes the answer to a prompt, or the answers to several at once, token by token.
#ifndef TENSEL_RUNTIME_LLM_GENERATE_H
#define TENSEL_RUNTIME_LLM_GENERATE_H

#include "runtime/llm/Sampler.h"
#include "runtime/llm/TextBatch.h"
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

/// As TextSink, for the answer to `prompt`.
using BatchSink = std::function<bool(size_t prompt, std::string_view piece)>;

/// Answers prompts together, as many at once as the batch has room for; the next one begins where one ends. Each answer is the one
/// that `generate` gives. `batch` must be empty, and is in the end.
Result<std::vector<Generation>> generateTogether(const LanguageModel &model, TextBatch &batch,
                                                 const std::vector<std::vector<TokenId>> &prompts,
                                                 const GenerationOptions &options, const BatchSink &sink);

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_GENERATE_H
