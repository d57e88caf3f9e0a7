// The expressions of a template, by precedence: condition, or, and, not, comparison, + -, ~, * / // %, **, sign, postfix,
// filters and tests.
#ifndef TENSEL_RUNTIME_LLM_JINJA_EXPRPARSER_H
#define TENSEL_RUNTIME_LLM_JINJA_EXPRPARSER_H

#include "runtime/llm/jinja/Ast.h"
#include "runtime/llm/jinja/Lexer.h"

#include <algorithm>

namespace tensel::text::jinja {

class ExprParser {
public:
  explicit ExprParser(std::deque<Token> tokens) : tokens(std::move(tokens)) {}

  std::string message;

protected:
  static constexpr int deepest = 100;

  const Token &peek(size_t ahead = 0) const { return tokens[std::min(at + ahead, tokens.size() - 1)]; }
  const Token &next() {
    const Token &token = peek();
    at = std::min(at + 1, tokens.size() - 1);
    return token;
  }
  bool fail(const std::string &why);
  bool expect(Token::Kind kind, const char *what);
  bool isOperator(std::string_view text) const { return peek().kind == Token::Kind::Operator && peek().text == text; }
  bool takeOperator(std::string_view text);
  bool isName(std::string_view text) const { return peek().kind == Token::Kind::Name && peek().text == text; }
  bool takeName(std::string_view text);
  bool nameToken(std::string &out);
  static bool isReserved(std::string_view name);
  static ExprPtr make(Expr::Kind kind, int line);

  /// Null: an error, which `message` has.
  ExprPtr expression();
  /// One expression, or several with commas between.
  ExprPtr tuple(bool withCondition);
  /// The filters of a filter block, without what they filter.
  ExprPtr filterOnly();

  int depth = 0;

private:
  using Level = ExprPtr (ExprParser::*)();
  ExprPtr expressionInside();
  ExprPtr orExpr();
  ExprPtr andExpr();
  ExprPtr notExpr();
  ExprPtr compare();
  ExprPtr sum();
  ExprPtr concat();
  ExprPtr product();
  ExprPtr power();
  ExprPtr unary(bool withFilter);
  ExprPtr postfix(ExprPtr of);
  ExprPtr filters(ExprPtr of);
  ExprPtr filter(ExprPtr of);
  ExprPtr test(ExprPtr of);
  ExprPtr primary();
  ExprPtr subscript(ExprPtr of);
  ExprPtr list();
  ExprPtr dict();
  ExprPtr binaryLevel(std::initializer_list<std::string_view> operators, Level operand);
  bool arguments(Expr &call);

  std::deque<Token> tokens;
  size_t at = 0;
  int chain = 0; // postfix and binary links, which nest the tree to the left
};

} // namespace tensel::text::jinja

#endif // TENSEL_RUNTIME_LLM_JINJA_EXPRPARSER_H
