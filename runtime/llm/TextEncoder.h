// What the function `encode` makes of texts: the vector of a text by BERT and its kind, or the vectors of its tokens that a
// decoder such as T5's reads. Belongs to one thread.
#ifndef TENSEL_RUNTIME_LLM_TEXTENCODER_H
#define TENSEL_RUNTIME_LLM_TEXTENCODER_H

#include "runtime/llm/LanguageModel.h"
#include "runtime/llm/Session.h"

#include <span>

namespace tensel::text {

class TextEncoder {
public:
  /// `model` must outlive this; texts may have up to `longest` tokens (0: as many as the model can). `result` is the one of
  /// `encode` that is asked for. With `events` the session is profiled and keeps so many.
  static Result<TextEncoder> create(const LanguageModel &model, int64_t longest, int32_t threads, const char *result,
                                    int64_t events = 0);

  /// The result for a text, valid until the next call: `embedding` [hidden] of length 1, `vectors` [tokens, hidden]. A text
  /// that is too long is an error.
  Result<std::span<const float>> encode(std::span<const TokenId> tokens);
  /// The most tokens of a text.
  int64_t limit() const { return longest; }
  const tensel_session *openSession() const { return session.get(); }

private:
  TextEncoder() = default;

  Session session;
  int64_t longest = 0;
  int32_t result = -1;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_TEXTENCODER_H
