// Cuts a template's source into text and tokens, with Jinja2's rules for white space under trim_blocks and lstrip_blocks.
#ifndef TENSEL_RUNTIME_LLM_JINJA_LEXER_H
#define TENSEL_RUNTIME_LLM_JINJA_LEXER_H

#include "runtime/llm/Result.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace tensel::text::jinja {

struct Token {
  enum class Kind : uint8_t { Text, OutputBegin, OutputEnd, BlockBegin, BlockEnd, Name, String, Integer, Float, Operator, End };
  Kind kind;
  std::string text; // strings: unescaped
  int line;
};

Result<std::deque<Token>> lex(std::string_view source);

} // namespace tensel::text::jinja

#endif // TENSEL_RUNTIME_LLM_JINJA_LEXER_H
