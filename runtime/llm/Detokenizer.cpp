// Decodes a window of the last tokens and hands out what is new. Text that ends in U+FFFD may be an incomplete character and
// waits, for four tokens at most: a character has no more bytes than that.
#include "runtime/llm/Detokenizer.h"

#include <algorithm>

namespace tensel::llm {

namespace {
constexpr size_t longestWait = 4;
}

std::string Detokenizer::advance(std::string text) {
  std::string out = text.size() > prefixBytes ? text.substr(prefixBytes) : std::string();
  // The tokens that just came out stay as the context of the next ones.
  window.erase(window.begin(), window.begin() + static_cast<ptrdiff_t>(emitted));
  emitted = window.size();
  prefixBytes = tokenizer.decode(window, skipSpecial).size();
  return out;
}

std::string Detokenizer::add(TokenId id) {
  if (!tokenizer.textOf(id) || (skipSpecial && tokenizer.isSpecial(id)))
    return {};
  window.push_back(id);
  std::string text = tokenizer.decode(window, skipSpecial);
  const bool open = text.ends_with("\xEF\xBF\xBD") && window.size() - emitted < longestWait;
  if (open || text.size() <= prefixBytes)
    return {};
  return advance(std::move(text));
}

std::string Detokenizer::finish() {
  std::string out = window.size() > emitted ? advance(tokenizer.decode(window, skipSpecial)) : std::string();
  window.clear();
  emitted = prefixBytes = 0;
  return out;
}

} // namespace tensel::llm
