// Streams tokens as text: every piece that comes out is whole UTF-8, and all pieces together are the text of all tokens.
#ifndef TENSEL_RUNTIME_LLM_DETOKENIZER_H
#define TENSEL_RUNTIME_LLM_DETOKENIZER_H

#include "runtime/llm/Tokenizer.h"

namespace tensel::text {

class Detokenizer {
public:
  /// `tokenizer` must outlive this.
  explicit Detokenizer(const Tokenizer &tokenizer, bool skipSpecial = true) : tokenizer(tokenizer), skipSpecial(skipSpecial) {}

  /// The text that `id` completes; empty while a character is incomplete.
  std::string add(TokenId id);
  /// What is left at the end: incomplete characters as U+FFFD.
  std::string finish();

private:
  std::string decodeWindow();
  std::string advance(const std::string &text);

  const Tokenizer &tokenizer;
  bool skipSpecial;
  std::vector<TokenId> window; // what the next token's text may depend on
  size_t context = 0;          // the tokens at the front of it whose text is out
  std::string out;             // the window's text that is out
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_DETOKENIZER_H
