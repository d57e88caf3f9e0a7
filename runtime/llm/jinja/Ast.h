// A template's program as the parser leaves it: statements with expressions in them.
#ifndef TENSEL_RUNTIME_LLM_JINJA_AST_H
#define TENSEL_RUNTIME_LLM_JINJA_AST_H

#include "runtime/llm/jinja/Value.h"

namespace tensel::text::jinja {

struct Expr;
struct Node;
using ExprPtr = std::unique_ptr<Expr>;
using NodePtr = std::unique_ptr<Node>;
using Body = std::vector<NodePtr>;

struct Expr {
  enum class Kind : uint8_t {
    Constant,  // value
    Name,      // name
    List,      // args
    Tuple,     // args
    Dict,      // args: key, value, key, value
    Attribute, // args[0].name
    Subscript, // args[0][args[1]]
    Slice,     // args[0][args[1]:args[2]:args[3]], each but the first may be null
    Call,      // args[0](args[1...], named)
    Filter,    // args[0] | name(args[1...], named); args[0] is null in a filter block
    Test,      // args[0] is name(args[1...])
    Unary,     // name is -, + or not
    Binary,    // name is the operator, and/or included
    Compare,   // args[0] ops[0] args[1] ops[1] args[2] ...
    Condition, // args[1] if args[0] else args[2]; args[2] may be null
  };
  Kind kind;
  int line;
  std::string name;
  Value value;
  std::vector<ExprPtr> args;
  std::vector<std::pair<std::string, ExprPtr>> named;
  std::vector<std::string> ops;
};

struct Node {
  enum class Kind : uint8_t { Text, Output, If, For, Set, SetBlock, Macro, CallBlock, FilterBlock, With, Break, Continue, Group };
  Kind kind;
  int line;
  std::string name;                                    // Text: the text; Macro: its name
  ExprPtr target, value, condition;                    // For: target in value if condition; Set: target = value
  std::vector<std::pair<std::string, ExprPtr>> params; // Macro, CallBlock, With: names and defaults
  std::vector<std::pair<ExprPtr, Body>> branches;      // If: condition (null: else) and body
  Body body, otherwise;
};

} // namespace tensel::text::jinja

#endif // TENSEL_RUNTIME_LLM_JINJA_AST_H
