// The texts that a model with an encoder answers (T5), one for each row of RowSteps: what `encode` made of them, which `prefill`,
// `decode` and `score` take as the inputs `encoded` and `lengths`. Texts are encoded one by one. Belongs to one thread.
#ifndef TENSEL_RUNTIME_LLM_SOURCETEXTS_H
#define TENSEL_RUNTIME_LLM_SOURCETEXTS_H

#include "runtime/llm/RowMemory.h"
#include "runtime/llm/TextEncoder.h"

namespace tensel::text {

class SourceTexts {
public:
  /// `model` has an encoder and must outlive this; texts may have up to `longest` tokens (0: as many as the model can).
  static Result<SourceTexts> create(const LanguageModel &model, int64_t longest, int64_t rows, int32_t threads, int64_t events);

  /// Makes `tokens` the text of a row. A text that is empty or too long is an error.
  std::optional<Error> encode(int64_t row, std::span<const TokenId> tokens);
  /// Makes the text of row `to` that of row `from`.
  void copy(int64_t from, int64_t to);
  /// Gives a session that runs on `rows` rows from `row` on their texts, which must stay until it has run. Fails when one has
  /// none.
  std::optional<Error> setInputs(tensel_session *session, int64_t row, int64_t rows) const;
  static bool isInput(std::string_view name) { return name == "encoded" || name == "lengths"; }

  /// The most tokens of a text.
  int64_t limit() const { return encoder.limit(); }
  const tensel_session *openSession() const { return encoder.openSession(); }
  /// Of what was made of the texts.
  int64_t bytes() const { return static_cast<int64_t>(vectors.bytes()); }

private:
  SourceTexts(TextEncoder encoder, RowMemory vectors, int64_t hidden, int64_t rows)
      : encoder(std::move(encoder)), vectors(std::move(vectors)), hidden(hidden), lengths(static_cast<size_t>(rows)) {}

  TextEncoder encoder;
  RowMemory vectors; // a row is f32 [limit, hidden]
  int64_t hidden;
  std::vector<int64_t> lengths; // 0: no text yet
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_SOURCETEXTS_H
