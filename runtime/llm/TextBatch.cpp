// Several texts over RowSteps: the texts are in the first rows, so that one call writes them all. See TextBatch.h.
#include "runtime/llm/TextBatch.h"

#include <algorithm>

namespace tensel::text {

Result<TextBatch> TextBatch::create(const LanguageModel &model, const ContextOptions &options, size_t rows) {
  rows = std::clamp<size_t>(rows, 1, static_cast<size_t>(RowSteps::mostRows(model)));
  auto steps = RowSteps::create(model, options, static_cast<int64_t>(rows));
  if (!steps)
    return steps.takeError();
  TextBatch batch(std::move(*steps), rows);
  batch.texts.reserve(rows);
  batch.past.reserve(rows);
  return batch;
}

Result<std::span<const float>> TextBatch::add(std::span<const TokenId> tokens, std::span<const TokenId> source) {
  if (steps.listens())
    if (auto error = steps.listen(static_cast<int64_t>(size()), source))
      return std::move(*error);
  texts.emplace_back().reserve(static_cast<size_t>(capacity()));
  return replace(size() - 1, tokens);
}

Result<std::span<const float>> TextBatch::replace(size_t row, std::span<const TokenId> tokens) {
  if (tokens.empty() || tokens.size() > static_cast<size_t>(capacity()))
    return Error{"the text has " + std::to_string(tokens.size()) + " tokens, expected 1 to " + std::to_string(capacity())};
  std::vector<TokenId> &text = texts[row];
  text.clear();
  steps.clear(static_cast<int64_t>(row));
  Result<std::span<const float>> logits = std::span<const float>();
  while (logits && !tokens.empty()) {
    const auto chunk = tokens.first(std::min(tokens.size(), static_cast<size_t>(steps.settings().chunk)));
    logits = steps.read(static_cast<int64_t>(row), chunk, static_cast<int64_t>(text.size()));
    text.insert(text.end(), chunk.begin(), chunk.end());
    tokens = tokens.subspan(chunk.size());
  }
  return logits;
}

Result<std::span<const float>> TextBatch::append(std::span<const TokenId> tokens) {
  past.clear();
  for (const std::vector<TokenId> &text : texts)
    past.push_back(static_cast<int64_t>(text.size()));
  auto logits = steps.readEach(tokens, past);
  for (size_t row = 0; logits && row < size(); ++row)
    texts[row].push_back(tokens[row]);
  return logits;
}

void TextBatch::remove(size_t row) {
  steps.copy(static_cast<int64_t>(size() - 1), static_cast<int64_t>(row));
  std::swap(texts[row], texts.back());
  texts.pop_back();
}

} // namespace tensel::text
