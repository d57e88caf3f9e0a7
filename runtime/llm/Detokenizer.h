// Streams tokens as text: every piece that comes out is whole UTF-8, and all pieces together are the text of all tokens.
#pragma once

#include "runtime/llm/Tokenizer.h"

namespace tensel::llm {

class Detokenizer {
public:
  explicit Detokenizer(const Tokenizer &tokenizer, bool skipSpecial = true) : tokenizer(tokenizer), skipSpecial(skipSpecial) {}

  /// The text that `id` completes; empty while a character is incomplete.
  std::string add(TokenId id);
  /// What is left at the end: incomplete characters as U+FFFD.
  std::string finish();

private:
  std::string advance(std::string text);

  const Tokenizer &tokenizer;
  bool skipSpecial;
  std::vector<TokenId> window; // what the next token's text may depend on
  size_t emitted = 0;          // tokens of the window whose text is out
  size_t prefixBytes = 0;      // bytes of the window's text that are out
};

} // namespace tensel::llm
