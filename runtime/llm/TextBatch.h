// Several texts that a model reads and writes together: their tokens, and for each a row of the model's states. Each text has
// what it would have alone: texts are read one by one, and what is written, a token each, never looks at other rows. Belongs to
// one thread.
#ifndef TENSEL_RUNTIME_LLM_TEXTBATCH_H
#define TENSEL_RUNTIME_LLM_TEXTBATCH_H

#include "runtime/llm/RowSteps.h"

namespace tensel::text {

class TextBatch {
public:
  /// Room for `rows` texts, clamped to what the model can write at once. `model` must outlive this.
  static Result<TextBatch> create(const LanguageModel &model, const ContextOptions &options, size_t rows);

  /// Begins another text in the row `size()`; there must be room. The logits of the token that follows: these, as all logits, are
  /// valid until the next text is read or written. Fails when the tokens pass the capacity. Where the model has an encoder
  /// (`listens`), the text answers `source`.
  Result<std::span<const float>> add(std::span<const TokenId> tokens, std::span<const TokenId> source = {});
  /// Makes another text of a row, which answers what the old one did.
  Result<std::span<const float>> replace(size_t row, std::span<const TokenId> tokens);
  /// Appends `tokens[row]` to each text, none of which may be full; the logits [size, vocabulary] of the tokens that follow.
  Result<std::span<const float>> append(std::span<const TokenId> tokens);
  /// Forgets a text; the last one moves to its row.
  void remove(size_t row);

  size_t size() const { return texts.size(); }
  size_t room() const { return rows; }
  const std::vector<TokenId> &tokens(size_t row) const { return texts[row]; }
  int64_t capacity() const { return steps.settings().capacity; }
  bool listens() const { return steps.listens(); }
  /// The most tokens of a text to answer.
  int64_t sourceCapacity() const { return steps.settings().source; }
  ContextMemory memory() const { return steps.memory(); }
  std::vector<OpenSession> sessions() const { return steps.sessions(); }

private:
  TextBatch(RowSteps steps, size_t rows) : steps(std::move(steps)), rows(rows) {}

  RowSteps steps;
  size_t rows;
  std::vector<std::vector<TokenId>> texts;
  std::vector<int64_t> past;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_TEXTBATCH_H
