// A text that a model reads and writes: its tokens, and the model's state after them (keys and values, or whatever else the
// model carries from call to call). Belongs to one thread.
#ifndef TENSEL_RUNTIME_LLM_TEXTCONTEXT_H
#define TENSEL_RUNTIME_LLM_TEXTCONTEXT_H

#include "runtime/llm/RowSteps.h"

#include <functional>

namespace tensel::text {

/// Takes the logits of the token after the one at `position`.
using LogitsSink = std::function<void(size_t position, std::span<const float> logits)>;

class TextContext {
public:
  /// `model` must outlive this. Everything that later calls need is allocated here.
  static Result<TextContext> create(const LanguageModel &model, const ContextOptions &options);

  /// Begins anew, with a text to answer: for models with an encoder (`listens`), before anything else.
  std::optional<Error> listen(std::span<const TokenId> source);
  /// Appends tokens; the logits of the token that follows, valid until the next call. Fails when they pass the capacity.
  Result<std::span<const float>> append(std::span<const TokenId> tokens);
  /// Makes the text `tokens`, of which only those are read that it does not begin with yet; `read`, when given, counts them.
  Result<std::span<const float>> become(std::span<const TokenId> tokens, size_t *read = nullptr);
  /// As append, but gives the logits after each token. The model must have the function `score`.
  std::optional<Error> score(std::span<const TokenId> tokens, const LogitsSink &sink);
  /// Forgets all tokens, but not the text that they answer.
  void clear();

  const std::vector<TokenId> &tokens() const { return text; }
  int64_t capacity() const { return steps.settings().capacity; }
  bool listens() const { return steps.listens(); }
  /// The most tokens of a text to answer.
  int64_t sourceCapacity() const { return steps.settings().source; }
  ContextMemory memory() const { return steps.memory(); }
  std::vector<OpenSession> sessions() const { return steps.sessions(); }

private:
  explicit TextContext(RowSteps steps) : steps(std::move(steps)) {}
  std::optional<Error> checkRoom(size_t count) const;
  /// Reads the next chunk of `tokens` by one of the steps.
  using Read = Result<std::span<const float>> (RowSteps::*)(int64_t, std::span<const TokenId>, int64_t);
  Result<std::span<const float>> readChunk(Read read, std::span<const TokenId> &tokens);

  RowSteps steps;
  std::vector<TokenId> text;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_TEXTCONTEXT_H
