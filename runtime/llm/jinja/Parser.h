// From tokens to statements, by Jinja2's grammar as far as chat templates use it.
#ifndef TENSEL_RUNTIME_LLM_JINJA_PARSER_H
#define TENSEL_RUNTIME_LLM_JINJA_PARSER_H

#include "runtime/llm/jinja/Ast.h"

namespace tensel::text::jinja {

Result<Body> parseTemplate(std::string_view source);

} // namespace tensel::text::jinja

#endif // TENSEL_RUNTIME_LLM_JINJA_PARSER_H
