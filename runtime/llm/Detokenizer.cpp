// Decodes a window of the last tokens and hands out what is new. U+FFFD at the end of the window's text may become a
// character with the next token and waits; an incomplete character shows as three of them at most.
#include "runtime/llm/Detokenizer.h"

namespace tensel::text {

namespace {
constexpr std::string_view mark = "\xEF\xBF\xBD";
constexpr size_t longestWindow = 64; // tokens, for streams of nothing but ill-formed bytes
} // namespace

/// The window's text, which begins with `out`.
std::string Detokenizer::decodeWindow() {
  std::string text = tokenizer.decode(window, skipSpecial);
  if (text.starts_with(out))
    return text;
  // Bytes that became ill formed by what followed them: the old ones are out, so the new ones stand alone.
  window.erase(window.begin(), window.begin() + static_cast<ptrdiff_t>(context));
  context = 0;
  out.clear();
  return tokenizer.decode(window, skipSpecial);
}

/// Hands out all of `text`; the tokens that it came from become the context of the next ones.
std::string Detokenizer::advance(const std::string &text) {
  std::string piece = text.substr(out.size());
  window.erase(window.begin(), window.begin() + static_cast<ptrdiff_t>(context));
  context = window.size();
  out = tokenizer.decode(window, skipSpecial);
  return piece;
}

std::string Detokenizer::add(TokenId id) {
  if (!tokenizer.textOf(id) || (skipSpecial && tokenizer.isSpecial(id)))
    return {};
  window.push_back(id);
  const std::string text = decodeWindow();
  if (!text.ends_with(mark) || window.size() > longestWindow)
    return text.size() > out.size() ? advance(text) : std::string();
  std::string_view certain = text;
  for (int i = 0; i < 3 && certain.ends_with(mark); ++i)
    certain.remove_suffix(mark.size());
  if (certain.size() <= out.size())
    return {};
  std::string piece(certain.substr(out.size()));
  out = certain;
  return piece;
}

std::string Detokenizer::finish() {
  std::string piece = decodeWindow().substr(out.size());
  window.clear();
  context = 0;
  out.clear();
  return piece;
}

} // namespace tensel::text
