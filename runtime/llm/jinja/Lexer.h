// Cuts a template's source into text and tokens, with Jinja2's rules for white space under trim_blocks and lstrip_blocks.
#pragma once

#include "runtime/llm/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tensel::llm::jinja {

struct Token {
  enum class Kind : uint8_t { Text, OutputBegin, OutputEnd, BlockBegin, BlockEnd, Name, String, Integer, Float, Operator, End };
  Kind kind;
  std::string text; // strings: unescaped
  int line;
};

Result<std::vector<Token>> lex(std::string_view source);

} // namespace tensel::llm::jinja
