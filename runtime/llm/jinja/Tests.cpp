// The tests behind "is".
#include "runtime/llm/Unicode.h"
#include "runtime/llm/jinja/Interpreter.h"

#include <algorithm>

namespace tensel::text::jinja {

namespace {

using Check = bool (*)(const Value &);

constexpr std::pair<std::string_view, Check> checks[] = {
    {"defined", [](const Value &v) { return !v.isUndefined(); }},
    {"undefined", [](const Value &v) { return v.isUndefined(); }},
    {"none", [](const Value &v) { return v.is(Value::Kind::None); }},
    {"boolean", [](const Value &v) { return v.is(Value::Kind::Bool); }},
    {"true", [](const Value &v) { return v.is(Value::Kind::Bool) && v.truthy(); }},
    {"false", [](const Value &v) { return v.is(Value::Kind::Bool) && !v.truthy(); }},
    {"integer", [](const Value &v) { return v.is(Value::Kind::Int); }},
    {"float", [](const Value &v) { return v.is(Value::Kind::Float); }},
    {"number", [](const Value &v) { return v.isNumber(); }},
    {"string", [](const Value &v) { return v.is(Value::Kind::String); }},
    {"mapping", [](const Value &v) { return v.is(Value::Kind::Dict) && !v.isNamespace(); }},
    {"sequence",
     [](const Value &v) {
       return v.is(Value::Kind::List) || v.is(Value::Kind::String) || (v.is(Value::Kind::Dict) && !v.isNamespace()) ||
              v.isUndefined();
     }},
    {"iterable",
     [](const Value &v) {
       return v.is(Value::Kind::List) || v.is(Value::Kind::String) || (v.is(Value::Kind::Dict) && !v.isNamespace()) ||
              v.isUndefined();
     }},
    {"callable", [](const Value &v) { return v.is(Value::Kind::Callable); }},
    {"odd", [](const Value &v) { return v.isNumber() && v.asInt() % 2 != 0; }},
    {"even", [](const Value &v) { return v.isNumber() && v.asInt() % 2 == 0; }},
    {"escaped", [](const Value &) { return false; }},
};

constexpr std::pair<std::string_view, std::string_view> comparisons[] = {
    {"eq", "=="},      {"equalto", "=="}, {"==", "=="}, {"ne", "!="}, {"!=", "!="}, {"lt", "<"},
    {"lessthan", "<"}, {"<", "<"},        {"le", "<="}, {"<=", "<="}, {"gt", ">"},  {"greaterthan", ">"},
    {">", ">"},        {"ge", ">="},      {">=", ">="}, {"in", "in"}};

bool sameObject(const Value &a, const Value &b) {
  if (a.kind() != b.kind())
    return false;
  if (a.is(Value::Kind::List))
    return &a.list() == &b.list();
  if (a.is(Value::Kind::Dict))
    return &a.dict() == &b.dict();
  return equal(a, b);
}

bool hasCase(const Value &value, bool upper) {
  const std::string text = value.str();
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = decodeUtf8(text, at);
    if (upper ? lowerChar(c) != c : upperChar(c) != c)
      any = true;
    else if (upper ? upperChar(c) != c : lowerChar(c) != c)
      return false;
  }
  return any;
}

} // namespace

bool Interpreter::test(const std::string &name, const Value &of, const Arguments &arguments) {
  if (failed() || !charge(2))
    return false;
  for (const auto &[known, check] : checks)
    if (known == name)
      return check(of);
  if (name == "upper" || name == "lower")
    return hasCase(of, name == "upper");
  const Value *other = arguments.get(0, "other");
  const auto needsOther = [&] {
    if (!other)
      fail("found the test '" + name + "' without an argument");
    return other != nullptr;
  };
  for (const auto &[known, op] : comparisons)
    if (known == name)
      return needsOther() && compare(std::string(op), of, *other);
  if (name == "sameas")
    return needsOther() && sameObject(of, *other);
  if (name == "divisibleby") {
    if (!needsOther())
      return false;
    const Value rest = binary("%", of, *other);
    return !failed() && rest.asReal() == 0;
  }
  std::string all;
  for (const auto &[known, check] : checks)
    all += std::string(known) + " ";
  for (const auto &[known, op] : comparisons)
    all += std::string(known) + " ";
  fail("found the test '" + name + "', expected one of " + all + "upper lower sameas divisibleby");
  return false;
}

} // namespace tensel::text::jinja
