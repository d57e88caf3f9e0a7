// Expressions: names, attributes, calls and operators, with Python's meaning.
#include "runtime/llm/Unicode.h"
#include "runtime/llm/jinja/Interpreter.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace tensel::text::jinja {

namespace {

constexpr int deepestEvaluation = 600;
constexpr size_t largestRepeat = 8 << 20;

/// Python's // and % on integers: towards minus infinity.
int64_t floorDivide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

} // namespace

Value Interpreter::evaluate(const Expr &expr, Scope &scope) {
  if (!charge(1))
    return {};
  if (++depth > deepestEvaluation) {
    --depth;
    return fail("found more than 600 levels of calls");
  }
  line = expr.line;
  Value out = evaluateNow(expr, scope);
  --depth;
  return failed() ? Value() : out;
}

Value Interpreter::lookup(const std::string &name, const Scope &scope) const {
  for (const Scope *at = &scope; at; at = at->outer) {
    const auto found = at->names.find(name);
    if (found != at->names.end())
      return found->second;
  }
  return Value::undefined("'" + name + "' is undefined");
}

bool Interpreter::arguments(const Expr &expr, Scope &scope, Arguments &out) {
  for (size_t i = 1; i < expr.args.size(); ++i)
    out.positional.push_back(evaluate(*expr.args[i], scope));
  for (const auto &[name, value] : expr.named)
    out.named.emplace_back(name, evaluate(*value, scope));
  return !failed();
}

Value Interpreter::evaluateNow(const Expr &expr, Scope &scope) {
  switch (expr.kind) {
  case Expr::Kind::Constant:
    return expr.value;
  case Expr::Kind::Name:
    return lookup(expr.name, scope);
  case Expr::Kind::List:
  case Expr::Kind::Tuple: {
    List items;
    for (const ExprPtr &item : expr.args)
      items.push_back(evaluate(*item, scope));
    return Value::list(std::move(items), expr.kind == Expr::Kind::Tuple);
  }
  case Expr::Kind::Dict: {
    Dict entries;
    for (size_t i = 0; i + 1 < expr.args.size() && !failed(); i += 2) {
      const Value key = evaluate(*expr.args[i], scope);
      if (key.is(Value::Kind::Dict) || (key.is(Value::Kind::List) && !key.isTuple()))
        return fail("found " + std::string(key.kindName()) + " as a mapping's key");
      charge(entries.size());
      setEntry(entries, key, evaluate(*expr.args[i + 1], scope));
    }
    return Value::dict(std::move(entries));
  }
  case Expr::Kind::Attribute: {
    const Value of = evaluate(*expr.args[0], scope);
    return failed() ? Value() : attribute(of, expr.name);
  }
  case Expr::Kind::Subscript: {
    const Value of = evaluate(*expr.args[0], scope);
    const Value key = evaluate(*expr.args[1], scope);
    return failed() ? Value() : subscript(of, key);
  }
  case Expr::Kind::Slice:
    return slice(expr, scope);
  case Expr::Kind::Call: {
    const Value function = evaluate(*expr.args[0], scope);
    Arguments given;
    if (!arguments(expr, scope, given))
      return {};
    line = expr.line;
    return call(function, given);
  }
  case Expr::Kind::Filter: {
    const Value of = expr.args[0] ? evaluate(*expr.args[0], scope) : lookup(" filtered", scope);
    Arguments given;
    if (!arguments(expr, scope, given))
      return {};
    line = expr.line;
    return filter(expr.name, of, given);
  }
  case Expr::Kind::Test: {
    const Value of = evaluate(*expr.args[0], scope);
    Arguments given;
    if (!arguments(expr, scope, given))
      return {};
    return Value::boolean(test(expr.name, of, given));
  }
  case Expr::Kind::Unary: {
    const Value of = evaluate(*expr.args[0], scope);
    if (failed())
      return {};
    if (expr.name == "not")
      return Value::boolean(!of.truthy());
    if (!of.isNumber())
      return fail(of.isUndefined() ? of.name()
                                   : "found " + std::string(of.kindName()) + " behind '" + expr.name + "', expected a number");
    if (expr.name == "+")
      return of.is(Value::Kind::Float) ? of : Value::integer(of.asInt());
    if (of.is(Value::Kind::Float))
      return Value::real(-of.asReal());
    return of.asInt() == INT64_MIN ? fail("found an integer beyond 64 bits") : Value::integer(-of.asInt());
  }
  case Expr::Kind::Binary: {
    const Value left = evaluate(*expr.args[0], scope);
    if (failed())
      return {};
    if (expr.name == "and" || expr.name == "or")
      return left.truthy() == (expr.name == "or") ? left : evaluate(*expr.args[1], scope);
    const Value right = evaluate(*expr.args[1], scope);
    line = expr.line;
    return failed() ? Value() : binary(expr.name, left, right);
  }
  case Expr::Kind::Compare: {
    Value left = evaluate(*expr.args[0], scope);
    for (size_t i = 0; i < expr.ops.size() && !failed(); ++i) {
      Value right = evaluate(*expr.args[i + 1], scope);
      if (failed() || !compare(expr.ops[i], left, right))
        return Value::boolean(false);
      left = std::move(right);
    }
    return Value::boolean(true);
  }
  case Expr::Kind::Condition:
    if (evaluate(*expr.args[0], scope).truthy())
      return evaluate(*expr.args[1], scope);
    return expr.args[2] ? evaluate(*expr.args[2], scope) : Value::undefined("the condition without 'else' was false");
  }
  return {};
}

Value Interpreter::attribute(const Value &of, const std::string &name) {
  if (of.isUndefined())
    return fail(of.name());
  if (of.isNamespace()) {
    const Value *found = of.find(name);
    return found ? *found : Value::undefined("the namespace has no '" + name + "'");
  }
  Value method = findMethod(of, name);
  if (!method.isUndefined())
    return method;
  charge(of.is(Value::Kind::Dict) ? of.dict().size() / 4 : 0);
  const Value *found = of.is(Value::Kind::Dict) ? of.find(name) : nullptr;
  return found ? *found : Value::undefined(std::string(of.kindName()) + " has no '" + name + "'");
}

Value Interpreter::subscript(const Value &of, const Value &key) {
  if (of.isUndefined())
    return fail(of.name());
  if (of.is(Value::Kind::Dict)) {
    charge(of.dict().size() / 4);
    if (const Value *found = of.find(key))
      return *found;
    return key.is(Value::Kind::String) && !of.isNamespace() ? attribute(of, key.text())
                                                            : Value::undefined("the mapping has no such entry");
  }
  if (key.isIntegral() && (of.is(Value::Kind::List) || of.is(Value::Kind::String))) {
    int64_t index = key.asInt();
    if (of.is(Value::Kind::List)) {
      const auto count = static_cast<int64_t>(of.list().size());
      index += index < 0 ? count : 0;
      return index >= 0 && index < count ? of.list()[static_cast<size_t>(index)] : Value::undefined("the list has no such item");
    }
    List items;
    if (!iterate(of, items))
      return {};
    index += index < 0 ? static_cast<int64_t>(items.size()) : 0;
    return index >= 0 && index < static_cast<int64_t>(items.size()) ? items[static_cast<size_t>(index)]
                                                                    : Value::undefined("the text has no such character");
  }
  return key.is(Value::Kind::String) ? attribute(of, key.text())
                                     : Value::undefined(std::string(of.kindName()) + " has no such item");
}

/// text[a:b:c] and list[a:b:c], as Python clamps them.
Value Interpreter::slice(const Expr &expr, Scope &scope) {
  const Value of = evaluate(*expr.args[0], scope);
  std::optional<int64_t> parts[3];
  for (int i = 0; i < 3; ++i) {
    if (!expr.args[i + 1])
      continue;
    const Value part = evaluate(*expr.args[i + 1], scope);
    if (failed())
      return {};
    if (part.is(Value::Kind::None))
      continue;
    if (!part.isIntegral())
      return fail("found " + std::string(part.kindName()) + " in a slice, expected an integer");
    parts[i] = part.asInt();
  }
  if (of.isUndefined())
    return fail(of.name());
  List items;
  if (!(of.is(Value::Kind::List) || of.is(Value::Kind::String)))
    return Value::undefined(std::string(of.kindName()) + " cannot be sliced");
  if (!iterate(of, items))
    return {};
  const int64_t count = static_cast<int64_t>(items.size()), step = parts[2].value_or(1);
  if (!step || step == INT64_MIN)
    return fail("found the step 0 in a slice");
  const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? count : count - 1;
  const auto clamp = [&](std::optional<int64_t> value, int64_t otherwise) {
    if (!value)
      return otherwise;
    const int64_t from = *value < 0 ? std::max(*value, -count - 1) + count : *value;
    return std::clamp(from, low, high);
  };
  const int64_t begin = clamp(parts[0], step > 0 ? low : high), end = clamp(parts[1], step > 0 ? high : low);
  List out;
  for (int64_t i = begin; step > 0 ? i < end : i > end;) {
    out.push_back(items[static_cast<size_t>(i)]);
    if (step > 0 ? step >= count - i : step <= -(i + 1))
      break;
    i += step;
  }
  if (of.is(Value::Kind::List))
    return Value::list(std::move(out), of.isTuple());
  std::string text;
  for (const Value &item : out)
    text += item.text();
  return makeString(std::move(text));
}

Value Interpreter::call(const Value &function, const Arguments &arguments) {
  if (function.isUndefined())
    return fail(function.name());
  if (!function.is(Value::Kind::Callable))
    return fail("found a call of " + std::string(function.kindName()));
  if (!charge(10))
    return {};
  const Callable held = function.call(); // the callee may drop the last other reference
  return held.run(*this, arguments);
}

Value Interpreter::binary(const std::string &op, const Value &left, const Value &right) {
  if (op == "~")
    return makeString(text(left) + text(right));
  for (const Value *side : {&left, &right})
    if (side->isUndefined())
      return fail(side->name());
  if (op == "+" && left.is(Value::Kind::String) && right.is(Value::Kind::String))
    return makeString(left.text() + right.text());
  if (op == "+" && left.is(Value::Kind::List) && right.is(Value::Kind::List) && left.isTuple() == right.isTuple()) {
    List items = left.list();
    items.insert(items.end(), right.list().begin(), right.list().end());
    return left.isTuple() ? Value::list(std::move(items), true) : makeList(std::move(items));
  }
  if (op == "*" && (left.isIntegral() != right.isIntegral())) {
    const Value &thing = left.isIntegral() ? right : left;
    const int64_t count = std::max<int64_t>(left.isIntegral() ? left.asInt() : right.asInt(), 0);
    if (thing.is(Value::Kind::String) || thing.is(Value::Kind::List)) {
      if (thing.weight() && count > static_cast<int64_t>(largestRepeat / thing.weight()))
        return fail("found a repetition that is too large");
      std::string repeated;
      List items;
      for (int64_t i = 0; i < count; ++i) {
        if (thing.is(Value::Kind::String))
          repeated += thing.text();
        else
          items.insert(items.end(), thing.list().begin(), thing.list().end());
      }
      return thing.is(Value::Kind::String) ? makeString(std::move(repeated)) : makeList(std::move(items));
    }
  }
  if (!left.isNumber() || !right.isNumber())
    return fail("found " + std::string(left.kindName()) + " and " + right.kindName() + " around '" + op + "'");
  const bool real = op == "/" || left.is(Value::Kind::Float) || right.is(Value::Kind::Float);
  const double x = left.asReal(), y = right.asReal();
  if ((op == "/" || op == "//" || op == "%") && y == 0)
    return fail("found a division by zero");
  if (real) {
    if (op == "+")
      return Value::real(x + y);
    if (op == "-")
      return Value::real(x - y);
    if (op == "*")
      return Value::real(x * y);
    if (op == "/")
      return Value::real(x / y);
    if (op == "//")
      return Value::real(std::floor(x / y));
    if (op == "**")
      return Value::real(std::pow(x, y));
    const double rest = std::fmod(x, y);
    return Value::real(rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest);
  }
  const int64_t a = left.asInt(), b = right.asInt();
  int64_t out = 0;
  bool overflow = false;
  if (op == "+") {
    overflow = __builtin_add_overflow(a, b, &out);
  } else if (op == "-") {
    overflow = __builtin_sub_overflow(a, b, &out);
  } else if (op == "*") {
    overflow = __builtin_mul_overflow(a, b, &out);
  } else if (op == "**") {
    if (b < 0)
      return Value::real(std::pow(x, y));
    out = 1;
    for (int64_t i = 0; i < b && !overflow && a != 0 && a != 1 && a != -1; ++i)
      overflow = __builtin_mul_overflow(out, a, &out);
    if (b && (a == 0 || a == 1 || a == -1))
      out = a == -1 && b % 2 == 0 ? 1 : a;
  } else if (b == -1) { // INT64_MIN / -1 has no result
    overflow = op == "//" && __builtin_sub_overflow(0, a, &out);
  } else {
    out = op == "//" ? floorDivide(a, b) : a - floorDivide(a, b) * b;
  }
  return overflow ? fail("found an integer beyond 64 bits") : Value::integer(out);
}

bool Interpreter::compare(const std::string &op, const Value &left, const Value &right) {
  charge((left.weight() + right.weight()) / 64);
  if (op == "==" || op == "!=")
    return equal(left, right) == (op == "==");
  if (op == "in" || op == "not in") {
    bool found = false;
    if (right.is(Value::Kind::String)) {
      if (!left.is(Value::Kind::String)) {
        fail(left.isUndefined() ? left.name() : "found " + std::string(left.kindName()) + " before 'in' and a string behind it");
        return false;
      }
      found = right.text().find(left.text()) != std::string::npos;
    } else if (right.is(Value::Kind::Dict)) {
      found = right.find(left) != nullptr;
    } else if (right.is(Value::Kind::List)) {
      found = std::any_of(right.list().begin(), right.list().end(), [&](const Value &item) { return equal(item, left); });
    } else if (!right.isUndefined()) {
      fail("found " + std::string(right.kindName()) + " behind 'in'");
      return false;
    }
    return found == (op == "in");
  }
  bool ok = true;
  const bool swapped = op == ">" || op == "<=";
  const bool below = swapped ? less(right, left, ok) : less(left, right, ok);
  if (!ok) {
    const Value &undefined = left.isUndefined() ? left : right;
    fail(undefined.isUndefined() ? undefined.name()
                                 : "found " + std::string(left.kindName()) + " and " + right.kindName() + " around '" + op + "'");
    return false;
  }
  return op == "<" || op == ">" ? below : !below;
}

} // namespace tensel::text::jinja
