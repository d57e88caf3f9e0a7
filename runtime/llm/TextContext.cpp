// One text over RowSteps; see TextContext.h.
#include "runtime/llm/TextContext.h"

#include <algorithm>

namespace tensel::text {

Result<TextContext> TextContext::create(const LanguageModel &model, const ContextOptions &options) {
  auto steps = RowSteps::create(model, options, 1);
  if (!steps)
    return steps.takeError();
  TextContext context(std::move(*steps));
  context.text.reserve(static_cast<size_t>(context.capacity()));
  return context;
}

std::optional<Error> TextContext::checkRoom(size_t count) const {
  if (count == 0)
    return Error{"found no tokens to read"};
  if (count > static_cast<size_t>(capacity()) - text.size())
    return Error{"the text has " + std::to_string(text.size() + count) + " tokens, expected at most " +
                 std::to_string(capacity())};
  return std::nullopt;
}

Result<std::span<const float>> TextContext::readChunk(Read read, std::span<const TokenId> &tokens) {
  const auto chunk = tokens.first(std::min(tokens.size(), static_cast<size_t>(steps.settings().chunk)));
  auto logits = (steps.*read)(0, chunk, static_cast<int64_t>(text.size()));
  if (logits)
    text.insert(text.end(), chunk.begin(), chunk.end());
  tokens = tokens.subspan(chunk.size());
  return logits;
}

std::optional<Error> TextContext::score(std::span<const TokenId> tokens, const LogitsSink &sink) {
  if (auto error = checkRoom(tokens.size()))
    return error;
  while (!tokens.empty()) {
    const size_t begin = text.size();
    auto logits = readChunk(&RowSteps::score, tokens);
    if (!logits)
      return logits.takeError();
    const size_t count = text.size() - begin, vocabulary = logits->size() / count;
    for (size_t i = 0; i < count; ++i)
      sink(begin + i, logits->subspan(i * vocabulary, vocabulary));
  }
  return std::nullopt;
}

std::optional<Error> TextContext::listen(std::span<const TokenId> source) {
  clear();
  return steps.listen(0, source);
}

Result<std::span<const float>> TextContext::append(std::span<const TokenId> tokens) {
  if (auto error = checkRoom(tokens.size()))
    return std::move(*error);
  auto logits = readChunk(&RowSteps::read, tokens);
  while (logits && !tokens.empty())
    logits = readChunk(&RowSteps::read, tokens);
  return logits;
}

Result<std::span<const float>> TextContext::become(std::span<const TokenId> tokens, size_t *read) {
  size_t common = 0;
  // The last token is read again in any case: its logits are asked for.
  while (common < text.size() && common + 1 < tokens.size() && text[common] == tokens[common])
    ++common;
  if (common < text.size() && !steps.isPositional()) {
    clear();
    common = 0;
  }
  text.resize(common);
  if (read)
    *read = tokens.size() - common;
  return append(tokens.subspan(common));
}

void TextContext::clear() {
  text.clear();
  steps.clear(0);
}

} // namespace tensel::text
