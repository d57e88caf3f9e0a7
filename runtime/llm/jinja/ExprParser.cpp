// Expressions. Left-leaning chains (a.b.c, a + b + c) nest the tree as well, so that they count against a bound of their own.
#include "runtime/llm/jinja/ExprParser.h"

#include <algorithm>
#include <charconv>

namespace tensel::text::jinja {

bool ExprParser::fail(const std::string &why) {
  if (message.empty())
    message = "template, line " + std::to_string(peek().line) + ": " + why;
  return false;
}

bool ExprParser::expect(Token::Kind kind, const char *what) {
  if (peek().kind != kind)
    return fail("found '" + peek().text.substr(0, 50) + "', expected " + what);
  next();
  return true;
}

bool ExprParser::takeOperator(std::string_view text) {
  if (!isOperator(text))
    return false;
  next();
  return true;
}

bool ExprParser::takeName(std::string_view text) {
  if (!isName(text))
    return false;
  next();
  return true;
}

bool ExprParser::nameToken(std::string &out) {
  if (peek().kind != Token::Kind::Name)
    return fail("found '" + peek().text.substr(0, 50) + "', expected a name");
  out = next().text;
  return true;
}

bool ExprParser::isReserved(std::string_view name) {
  static constexpr std::string_view words[] = {"true", "false", "none", "True", "False", "None", "and",
                                               "or",   "not",   "if",   "else", "in",    "is"};
  return std::find(std::begin(words), std::end(words), name) != std::end(words);
}

ExprPtr ExprParser::make(Expr::Kind kind, int line) {
  auto out = std::make_unique<Expr>();
  out->kind = kind;
  out->line = line;
  return out;
}

ExprPtr ExprParser::expression() {
  if (++depth > deepest) {
    fail("found more than 100 levels in an expression");
    return nullptr;
  }
  ExprPtr out = expressionInside();
  --depth;
  return out;
}

ExprPtr ExprParser::expressionInside() {
  const int line = peek().line;
  ExprPtr out = orExpr();
  while (out && takeName("if")) {
    auto condition = make(Expr::Kind::Condition, line);
    ExprPtr test = orExpr(), otherwise;
    if (!test)
      return nullptr;
    if (takeName("else")) {
      otherwise = expression();
      if (!otherwise)
        return nullptr;
    }
    condition->args.push_back(std::move(test));
    condition->args.push_back(std::move(out));
    condition->args.push_back(std::move(otherwise));
    out = std::move(condition);
    if (++chain > 2000) {
      fail("found a template with too many operators");
      return nullptr;
    }
  }
  return out;
}

ExprPtr ExprParser::tuple(bool withCondition) {
  const int line = peek().line;
  ExprPtr first = withCondition ? expression() : orExpr();
  if (!first || !isOperator(","))
    return first;
  auto out = make(Expr::Kind::Tuple, line);
  out->args.push_back(std::move(first));
  while (takeOperator(",")) {
    const Token::Kind kind = peek().kind;
    if (kind == Token::Kind::OutputEnd || kind == Token::Kind::BlockEnd || isOperator(")"))
      break;
    ExprPtr item = withCondition ? expression() : orExpr();
    if (!item)
      return nullptr;
    out->args.push_back(std::move(item));
  }
  return out;
}

/// Operators that bind alike, from the left.
ExprPtr ExprParser::binaryLevel(std::initializer_list<std::string_view> operators, Level operand) {
  ExprPtr left = (this->*operand)();
  int links = 0;
  while (left && (peek().kind == Token::Kind::Operator || peek().kind == Token::Kind::Name)) {
    const auto found = std::find(operators.begin(), operators.end(), std::string_view(peek().text));
    if (found == operators.end())
      break;
    if (++links > deepest) {
      fail("found more than 100 operators in a row");
      return nullptr;
    }
    auto out = make(Expr::Kind::Binary, peek().line);
    out->name = next().text;
    ExprPtr right = (this->*operand)();
    if (!right)
      return nullptr;
    out->args.push_back(std::move(left));
    out->args.push_back(std::move(right));
    left = std::move(out);
  }
  return left;
}

ExprPtr ExprParser::orExpr() { return binaryLevel({"or"}, &ExprParser::andExpr); }
ExprPtr ExprParser::andExpr() { return binaryLevel({"and"}, &ExprParser::notExpr); }

ExprPtr ExprParser::notExpr() {
  const int line = peek().line;
  if (!takeName("not"))
    return compare();
  if (++depth > deepest) {
    fail("found more than 100 levels in an expression");
    return nullptr;
  }
  ExprPtr operand = notExpr();
  --depth;
  if (!operand)
    return nullptr;
  auto out = make(Expr::Kind::Unary, line);
  out->name = "not";
  out->args.push_back(std::move(operand));
  return out;
}

ExprPtr ExprParser::compare() {
  const int line = peek().line;
  ExprPtr left = sum();
  if (!left)
    return nullptr;
  auto out = make(Expr::Kind::Compare, line);
  out->args.push_back(std::move(left));
  static constexpr std::string_view operators[] = {"==", "!=", "<", "<=", ">", ">="};
  for (;;) {
    std::string op;
    if (peek().kind == Token::Kind::Operator &&
        std::find(std::begin(operators), std::end(operators), std::string_view(peek().text)) != std::end(operators)) {
      op = next().text;
    } else if (takeName("in")) {
      op = "in";
    } else if (isName("not") && peek(1).kind == Token::Kind::Name && peek(1).text == "in") {
      next();
      next();
      op = "not in";
    } else {
      break;
    }
    ExprPtr right = sum();
    if (!right)
      return nullptr;
    out->ops.push_back(std::move(op));
    out->args.push_back(std::move(right));
  }
  if (out->ops.empty())
    return std::move(out->args[0]);
  return out;
}

ExprPtr ExprParser::sum() { return binaryLevel({"+", "-"}, &ExprParser::concat); }
ExprPtr ExprParser::concat() { return binaryLevel({"~"}, &ExprParser::product); }
ExprPtr ExprParser::product() { return binaryLevel({"*", "/", "//", "%"}, &ExprParser::power); }

ExprPtr ExprParser::power() {
  ExprPtr left = unary(true);
  int links = 0;
  while (left && isOperator("**")) {
    if (++links > deepest) {
      fail("found more than 100 operators in a row");
      return nullptr;
    }
    auto out = make(Expr::Kind::Binary, peek().line);
    out->name = next().text;
    ExprPtr right = unary(true);
    if (!right)
      return nullptr;
    out->args.push_back(std::move(left));
    out->args.push_back(std::move(right));
    left = std::move(out);
  }
  return left;
}

ExprPtr ExprParser::unary(bool withFilter) {
  const int line = peek().line;
  ExprPtr out;
  if (isOperator("-") || isOperator("+")) {
    if (++depth > deepest) {
      fail("found more than 100 levels in an expression");
      return nullptr;
    }
    out = make(Expr::Kind::Unary, line);
    out->name = next().text;
    ExprPtr operand = unary(false);
    --depth;
    if (!operand)
      return nullptr;
    out->args.push_back(std::move(operand));
  } else {
    out = primary();
  }
  if (out)
    out = postfix(std::move(out));
  if (out && withFilter)
    out = filters(std::move(out));
  return out;
}

ExprPtr ExprParser::postfix(ExprPtr of) {
  for (int links = 0; of; ++links) {
    const int line = peek().line;
    if (links > deepest) {
      fail("found more than 100 attributes and calls in a row");
      return nullptr;
    }
    if (takeOperator(".")) {
      if (peek().kind == Token::Kind::Integer) {
        auto out = make(Expr::Kind::Subscript, line);
        out->args.push_back(std::move(of));
        ExprPtr index = primary();
        if (!index)
          return nullptr;
        out->args.push_back(std::move(index));
        of = std::move(out);
        continue;
      }
      auto out = make(Expr::Kind::Attribute, line);
      if (!nameToken(out->name))
        return nullptr;
      out->args.push_back(std::move(of));
      of = std::move(out);
    } else if (takeOperator("[")) {
      of = subscript(std::move(of));
    } else if (isOperator("(")) {
      auto out = make(Expr::Kind::Call, line);
      out->args.push_back(std::move(of));
      if (!arguments(*out))
        return nullptr;
      of = std::move(out);
    } else {
      return of;
    }
  }
  return of;
}

ExprPtr ExprParser::subscript(ExprPtr of) {
  const int line = peek().line;
  ExprPtr parts[3];
  int count = 0, colons = 0;
  while (!isOperator("]")) {
    if (takeOperator(":")) {
      if (++colons > 2) {
        fail("found a third ':' in a slice");
        return nullptr;
      }
      continue;
    }
    if (parts[colons]) {
      fail("expected ']'");
      return nullptr;
    }
    parts[colons] = expression();
    if (!parts[colons])
      return nullptr;
    ++count;
  }
  next();
  if (!colons && !count) {
    fail("found an empty subscript");
    return nullptr;
  }
  auto out = make(colons ? Expr::Kind::Slice : Expr::Kind::Subscript, line);
  out->args.push_back(std::move(of));
  out->args.push_back(std::move(parts[0]));
  if (colons) {
    out->args.push_back(std::move(parts[1]));
    out->args.push_back(std::move(parts[2]));
  }
  return out;
}

bool ExprParser::arguments(Expr &call) {
  if (!takeOperator("("))
    return fail("expected '('");
  for (bool first = true; !takeOperator(")"); first = false) {
    if (!first && !takeOperator(","))
      return fail("found '" + peek().text.substr(0, 50) + "', expected ',' or ')'");
    if (takeOperator(")"))
      return true;
    std::string name;
    if (peek().kind == Token::Kind::Name && peek(1).kind == Token::Kind::Operator && peek(1).text == "=") {
      name = next().text;
      next();
    }
    ExprPtr value = expression();
    if (!value)
      return false;
    if (!name.empty())
      call.named.emplace_back(std::move(name), std::move(value));
    else if (!call.named.empty())
      return fail("found an argument without a name behind one with a name");
    else
      call.args.push_back(std::move(value));
  }
  return true;
}

ExprPtr ExprParser::filter(ExprPtr of) {
  auto out = make(Expr::Kind::Filter, peek().line);
  if (!nameToken(out->name))
    return nullptr;
  out->args.push_back(std::move(of));
  if (isOperator("(") && !arguments(*out))
    return nullptr;
  return out;
}

ExprPtr ExprParser::filters(ExprPtr of) {
  for (int links = 0; of; ++links) {
    if (links > deepest) {
      fail("found more than 100 filters in a row");
      return nullptr;
    }
    if (takeOperator("|"))
      of = filter(std::move(of));
    else if (takeName("is"))
      of = test(std::move(of));
    else if (isOperator("("))
      of = postfix(std::move(of));
    else
      return of;
  }
  return of;
}

ExprPtr ExprParser::filterOnly() {
  takeOperator("|");
  ExprPtr out = filter(nullptr);
  int links = 0;
  while (out && takeOperator("|") && ++links < deepest)
    out = filter(std::move(out));
  return out;
}

ExprPtr ExprParser::test(ExprPtr of) {
  const int line = peek().line;
  const bool negated = takeName("not");
  auto out = make(Expr::Kind::Test, line);
  if (!nameToken(out->name))
    return nullptr;
  out->args.push_back(std::move(of));
  if (isOperator("(")) {
    if (!arguments(*out))
      return nullptr;
  } else {
    const Token &token = peek();
    const bool name = token.kind == Token::Kind::Name && token.text != "else" && token.text != "or" && token.text != "and" &&
                      token.text != "is" && token.text != "if" && token.text != "in" && token.text != "not" &&
                      token.text != "recursive";
    const bool literal =
        token.kind == Token::Kind::String || token.kind == Token::Kind::Integer || token.kind == Token::Kind::Float;
    if (name || literal || isOperator("[") || isOperator("{")) {
      ExprPtr argument = primary();
      if (argument)
        argument = postfix(std::move(argument));
      if (!argument)
        return nullptr;
      out->args.push_back(std::move(argument));
    }
  }
  if (!negated)
    return out;
  auto inverse = make(Expr::Kind::Unary, line);
  inverse->name = "not";
  inverse->args.push_back(std::move(out));
  return inverse;
}

ExprPtr ExprParser::list() {
  auto out = make(Expr::Kind::List, peek().line);
  for (bool first = true; !takeOperator("]"); first = false) {
    if (!first && !takeOperator(",")) {
      fail("found '" + peek().text.substr(0, 50) + "', expected ',' or ']'");
      return nullptr;
    }
    if (takeOperator("]"))
      break;
    ExprPtr item = expression();
    if (!item)
      return nullptr;
    out->args.push_back(std::move(item));
  }
  return out;
}

ExprPtr ExprParser::dict() {
  auto out = make(Expr::Kind::Dict, peek().line);
  for (bool first = true; !takeOperator("}"); first = false) {
    if (!first && !takeOperator(",")) {
      fail("found '" + peek().text.substr(0, 50) + "', expected ',' or '}'");
      return nullptr;
    }
    if (takeOperator("}"))
      break;
    ExprPtr key = expression();
    if (!key || !takeOperator(":")) {
      fail("expected ':'");
      return nullptr;
    }
    ExprPtr value = expression();
    if (!value)
      return nullptr;
    out->args.push_back(std::move(key));
    out->args.push_back(std::move(value));
  }
  return out;
}

ExprPtr ExprParser::primary() {
  const Token token = next();
  auto out = make(Expr::Kind::Constant, token.line);
  switch (token.kind) {
  case Token::Kind::String: {
    std::string text = token.text;
    while (peek().kind == Token::Kind::String)
      text += next().text;
    out->value = Value::string(std::move(text));
    return out;
  }
  case Token::Kind::Integer: {
    int64_t value = 0;
    if (std::from_chars(token.text.data(), token.text.data() + token.text.size(), value).ec != std::errc()) {
      fail("found the integer " + token.text.substr(0, 50) + ", expected one of 64 bits");
      return nullptr;
    }
    out->value = Value::integer(value);
    return out;
  }
  case Token::Kind::Float: {
    double value = 0;
    std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
    out->value = Value::real(value);
    return out;
  }
  case Token::Kind::Name:
    if (token.text == "true" || token.text == "True" || token.text == "false" || token.text == "False") {
      out->value = Value::boolean(token.text[0] == 't' || token.text[0] == 'T');
      return out;
    }
    if (token.text == "none" || token.text == "None") {
      out->value = Value::none();
      return out;
    }
    if (isReserved(token.text))
      break;
    out->kind = Expr::Kind::Name;
    out->name = token.text;
    return out;
  case Token::Kind::Operator:
    if (token.text == "[")
      return list();
    if (token.text == "{")
      return dict();
    if (token.text == "(") {
      if (takeOperator(")")) {
        out->kind = Expr::Kind::Tuple;
        return out;
      }
      ExprPtr inside = tuple(true);
      if (inside && !takeOperator(")")) {
        fail("found '" + peek().text.substr(0, 50) + "', expected ')'");
        return nullptr;
      }
      return inside;
    }
    break;
  default:
    break;
  }
  fail("found '" + token.text.substr(0, 50) + "', expected an expression");
  return nullptr;
}

} // namespace tensel::text::jinja
