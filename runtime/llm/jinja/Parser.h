// From tokens to statements, by Jinja2's grammar as far as chat templates use it.
#pragma once

#include "runtime/llm/jinja/Ast.h"

namespace tensel::llm::jinja {

Result<Body> parseTemplate(std::string_view source);

} // namespace tensel::llm::jinja
