// Recursive descent; its depth is bounded, and with it that of everything that walks the tree later.
#include "runtime/llm/jinja/Parser.h"

#include "runtime/llm/jinja/ExprParser.h"

namespace tensel::text::jinja {

namespace {

class Parser : public ExprParser {
public:
  using ExprParser::ExprParser;

  bool parseAll(Body &body) {
    std::string end;
    if (!statements(body, {}, end))
      return false;
    return true;
  }

private:
  using Names = std::vector<std::string_view>;

  static NodePtr node(Node::Kind kind, int line) {
    auto out = std::make_unique<Node>();
    out->kind = kind;
    out->line = line;
    return out;
  }

  /// Statements up to a block whose name is in `ends`; that name is eaten and returned.
  bool statements(Body &body, const Names &ends, std::string &end) {
    for (;;) {
      const Token &token = peek();
      if (token.kind == Token::Kind::End)
        return ends.empty() || fail("found the end of the template, expected '" + std::string(ends.back()) + "'");
      if (token.kind == Token::Kind::Text) {
        NodePtr out = node(Node::Kind::Text, token.line);
        out->name = token.text;
        body.push_back(std::move(out));
        next();
      } else if (token.kind == Token::Kind::OutputBegin) {
        next();
        NodePtr out = node(Node::Kind::Output, token.line);
        out->value = tuple(true);
        if (!out->value || !expect(Token::Kind::OutputEnd, "'}}'"))
          return false;
        body.push_back(std::move(out));
      } else {
        next();
        if (peek().kind != Token::Kind::Name)
          return fail("expected the name of a statement");
        const std::string name = peek().text;
        for (const std::string_view one : ends)
          if (name == one) {
            next();
            end = name;
            return true;
          }
        NodePtr out = statement();
        if (!out)
          return false;
        body.push_back(std::move(out));
      }
    }
  }

  bool endBlock() { return expect(Token::Kind::BlockEnd, "'%}'"); }

  /// A body up to {% end %}.
  bool bodyUntil(Body &body, std::string_view end) {
    std::string found;
    return endBlock() && statements(body, {end}, found) && endBlock();
  }

  NodePtr statement() {
    if (++depth > deepest) {
      fail("found more than 100 levels of statements");
      return nullptr;
    }
    const int line = peek().line;
    const std::string name = next().text;
    NodePtr out;
    bool good = false;
    if (name == "for") {
      out = node(Node::Kind::For, line);
      good = forLoop(*out);
    } else if (name == "if") {
      out = node(Node::Kind::If, line);
      good = condition(*out);
    } else if (name == "set") {
      out = node(Node::Kind::Set, line);
      good = assignment(*out);
    } else if (name == "macro") {
      out = node(Node::Kind::Macro, line);
      good = nameToken(out->name) && parameters(*out) && bodyUntil(out->body, "endmacro");
    } else if (name == "call") {
      out = node(Node::Kind::CallBlock, line);
      good = !isOperator("(") || parameters(*out);
      if (good)
        out->value = expression();
      good = good && out->value && bodyUntil(out->body, "endcall");
      if (good && out->value->kind != Expr::Kind::Call)
        good = fail("expected a call behind 'call'");
    } else if (name == "filter") {
      out = node(Node::Kind::FilterBlock, line);
      out->value = filterOnly();
      good = out->value && bodyUntil(out->body, "endfilter");
    } else if (name == "with") {
      out = node(Node::Kind::With, line);
      good = with(*out) && bodyUntil(out->body, "endwith");
    } else if (name == "generation") {
      out = node(Node::Kind::Group, line);
      good = bodyUntil(out->body, "endgeneration");
    } else if (name == "break" || name == "continue") {
      out = node(name == "break" ? Node::Kind::Break : Node::Kind::Continue, line);
      good = loops > 0 ? endBlock() : fail("found '" + name + "' outside of a loop");
    } else {
      good = fail("found the statement '" + name +
                  "', expected one of for, if, set, macro, call, filter, with, break, continue, generation, raw");
    }
    --depth;
    return good ? std::move(out) : nullptr;
  }

  bool forLoop(Node &out) {
    out.target = targets();
    if (!out.target)
      return false;
    if (!takeName("in"))
      return fail("expected 'in'");
    out.value = tuple(false);
    if (!out.value)
      return false;
    if (takeName("if")) {
      out.condition = expression();
      if (!out.condition)
        return false;
    }
    if (takeName("recursive"))
      return fail("found a recursive loop, which is not supported");
    std::string end;
    ++loops;
    if (!endBlock() || !statements(out.body, {"else", "endfor"}, end))
      return false;
    --loops;
    if (end == "else" && (!endBlock() || !statements(out.otherwise, {"endfor"}, end)))
      return false;
    return endBlock();
  }

  bool condition(Node &out) {
    std::string end = "elif";
    while (end == "elif") {
      ExprPtr test = tuple(false);
      if (!test)
        return false;
      Body body;
      if (!endBlock() || !statements(body, {"elif", "else", "endif"}, end))
        return false;
      out.branches.emplace_back(std::move(test), std::move(body));
    }
    if (end == "else") {
      Body body;
      if (!endBlock() || !statements(body, {"endif"}, end))
        return false;
      out.branches.emplace_back(nullptr, std::move(body));
    }
    return endBlock();
  }

  bool assignment(Node &out) {
    out.target = targets();
    if (!out.target)
      return false;
    if (takeOperator("=")) {
      out.value = tuple(true);
      return out.value && endBlock();
    }
    out.kind = Node::Kind::SetBlock;
    if (isOperator("|")) {
      out.value = filterOnly();
      if (!out.value)
        return false;
    }
    return bodyUntil(out.body, "endset");
  }

  /// name, name.attribute, or a tuple of names
  ExprPtr targets() {
    const int line = peek().line;
    auto out = make(Expr::Kind::Tuple, line);
    const bool parenthesised = takeOperator("(");
    bool isTuple = parenthesised;
    do {
      if (peek().kind != Token::Kind::Name) {
        if (!out->args.empty())
          break;
        fail("expected a name to assign to");
        return nullptr;
      }
      auto one = make(Expr::Kind::Name, line);
      one->name = next().text;
      if (isReserved(one->name)) {
        fail("found '" + one->name + "', expected a name to assign to");
        return nullptr;
      }
      if (takeOperator(".")) {
        auto attribute = make(Expr::Kind::Attribute, line);
        if (!nameToken(attribute->name))
          return nullptr;
        attribute->args.push_back(std::move(one));
        one = std::move(attribute);
      }
      out->args.push_back(std::move(one));
      if (!isOperator(","))
        break;
      isTuple = true;
    } while (takeOperator(","));
    if (parenthesised && !takeOperator(")")) {
      fail("expected ')'");
      return nullptr;
    }
    if (!isTuple)
      return std::move(out->args[0]);
    return out;
  }

  bool parameters(Node &out) {
    if (!takeOperator("("))
      return fail("expected '('");
    while (!takeOperator(")")) {
      std::string name;
      if (!out.params.empty() && !takeOperator(","))
        return fail("expected ',' or ')'");
      if (!nameToken(name))
        return false;
      ExprPtr otherwise;
      if (takeOperator("=")) {
        otherwise = expression();
        if (!otherwise)
          return false;
      }
      out.params.emplace_back(std::move(name), std::move(otherwise));
    }
    return true;
  }

  bool with(Node &out) {
    while (peek().kind == Token::Kind::Name) {
      std::string name;
      if (!nameToken(name))
        return false;
      if (!takeOperator("="))
        return fail("expected '='");
      ExprPtr value = expression();
      if (!value)
        return false;
      out.params.emplace_back(std::move(name), std::move(value));
      if (!takeOperator(","))
        break;
    }
    return true;
  }

  int loops = 0;
};

} // namespace

Result<Body> parseTemplate(std::string_view source) {
  auto tokens = lex(source);
  if (!tokens)
    return tokens.takeError();
  Parser parser(std::move(*tokens));
  Body body;
  if (!parser.parseAll(body))
    return Error{std::move(parser.message)};
  return body;
}

} // namespace tensel::text::jinja
