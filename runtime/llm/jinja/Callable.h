// What a template can call: functions that the host gives, bound methods, macros.
#ifndef TENSEL_RUNTIME_LLM_JINJA_CALLABLE_H
#define TENSEL_RUNTIME_LLM_JINJA_CALLABLE_H

#include "runtime/llm/jinja/Value.h"

#include <functional>

namespace tensel::text::jinja {

class Interpreter;

struct Arguments {
  List positional;
  std::vector<std::pair<std::string, Value>> named;

  /// The argument at place `index` or called `name`, or null.
  const Value *get(size_t index, std::string_view name) const {
    if (index < positional.size())
      return &positional[index];
    for (const auto &[key, value] : named)
      if (key == name)
        return &value;
    return nullptr;
  }
};

struct Callable {
  std::string name;
  /// Reports its errors through the interpreter.
  std::function<Value(Interpreter &, const Arguments &)> run;
};

} // namespace tensel::text::jinja

#endif // TENSEL_RUNTIME_LLM_JINJA_CALLABLE_H
