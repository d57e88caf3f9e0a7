// Vectors of texts by a model that has the function `encode` with the result `embedding`: BERT and its kind. Belongs to one
// thread.
#ifndef TENSEL_RUNTIME_LLM_TEXTENCODER_H
#define TENSEL_RUNTIME_LLM_TEXTENCODER_H

#include "runtime/llm/LanguageModel.h"

#include <span>

namespace tensel::text {

class TextEncoder {
public:
  /// `model` must outlive this; texts may have up to `longest` tokens (0: as many as the model can).
  static Result<TextEncoder> create(const LanguageModel &model, int64_t longest, int32_t threads);

  /// The text's vector, of length 1, valid until the next call. A text that is too long is an error.
  Result<std::span<const float>> embed(std::string_view text);

private:
  struct SessionDeleter {
    void operator()(tensel_session *session) const { tensel_session_destroy(session); }
  };
  explicit TextEncoder(const LanguageModel &model) : model(&model) {}

  const LanguageModel *model;
  std::unique_ptr<tensel_session, SessionDeleter> session;
  int64_t longest = 0;
  int32_t result = -1;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_TEXTENCODER_H
