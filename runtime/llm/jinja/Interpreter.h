// Runs a template's statements. Every step and every byte made is counted against a limit, so that a template from an
// untrusted file ends soon, in a bounded stack and memory.
#ifndef TENSEL_RUNTIME_LLM_JINJA_INTERPRETER_H
#define TENSEL_RUNTIME_LLM_JINJA_INTERPRETER_H

#include "runtime/llm/jinja/Ast.h"
#include "runtime/llm/jinja/Callable.h"

#include <ctime>
#include <unordered_map>

namespace tensel::text::jinja {

struct Limits {
  uint64_t steps = 10'000'000; ///< expressions evaluated plus bytes made
  size_t output = 16 << 20;    ///< bytes of the result
};

/// Variables of one scope, and the scope around it.
struct Scope {
  std::unordered_map<std::string, Value> names;
  Scope *outer = nullptr;
};

class Interpreter {
public:
  Interpreter(Limits limits, std::time_t now) : limits(limits), now(now) {}
  ~Interpreter();
  Interpreter(const Interpreter &) = delete;
  Interpreter &operator=(const Interpreter &) = delete;

  /// False: `message` says why.
  bool run(const Body &body, const Dict &context, std::string &out);

  // For callables, filters and tests.
  bool failed() const { return !message.empty(); }
  /// Keeps the first message; returns undefined, for `return fail(...)`.
  Value fail(const std::string &why);
  /// Counts work; false once the limit is reached.
  bool charge(size_t amount);
  /// A text made by the template, counted.
  Value makeString(std::string text);
  Value makeList(List items);
  /// The items of a list, characters of a string, keys of a mapping.
  bool iterate(const Value &value, List &items);
  Value call(const Value &function, const Arguments &arguments);
  Value attribute(const Value &of, const std::string &name);
  Value subscript(const Value &of, const Value &key);
  Value filter(const std::string &name, const Value &of, const Arguments &arguments);
  bool test(const std::string &name, const Value &of, const Arguments &arguments);
  Value binary(const std::string &op, const Value &left, const Value &right);
  bool compare(const std::string &op, const Value &left, const Value &right);
  std::string text(const Value &value);
  std::time_t currentTime() const { return now; }
  /// Remembers a namespace, which is emptied at the end: it may be part of a cycle.
  void keepNamespace(const Value &value) { namespaces.push_back(value); }

  std::string message;

private:
  enum class Flow : uint8_t { Next, Break, Continue, Stop };

  Flow execute(const Body &body, Scope &scope, std::string &out);
  Flow statement(const Node &node, Scope &scope, std::string &out);
  Flow forLoop(const Node &node, Scope &scope, std::string &out);
  Value makeLoop(const List &items, size_t index, const std::shared_ptr<Value> &lastChanged);
  Value makeMacro(const Node &node, Scope &scope, std::string name);
  void assign(const Expr &target, const Value &value, Scope &scope);
  Value capture(const Body &body, Scope &scope, Flow &flow);

  Value evaluate(const Expr &expr, Scope &scope);
  Value evaluateNow(const Expr &expr, Scope &scope);
  Value lookup(const std::string &name, const Scope &scope) const;
  Value slice(const Expr &expr, Scope &scope);
  bool arguments(const Expr &expr, Scope &scope, Arguments &out);

  Limits limits;
  std::time_t now;
  uint64_t steps = 0;
  int depth = 0, line = 0;
  size_t made = 0;                          // bytes of the output, captured parts included
  std::vector<std::unique_ptr<Scope>> kept; // scopes that macros may still see
  std::vector<Value> namespaces;
};

/// range, dict, namespace, raise_exception, strftime_now
void addGlobals(Scope &scope);
/// A method of Python's that templates call ("a".upper), or undefined.
Value findMethod(const Value &of, const std::string &name);
/// Python's str.strip with `chars`, or with white space when it is null.
std::string_view stripText(std::string_view text, const std::string *chars, bool left, bool right);
std::string replaceText(Interpreter &interpreter, const std::string &text, const std::string &from, const std::string &to,
                        int64_t count);
std::string upperText(std::string_view text);
std::string capitalizeText(std::string_view text);
std::string titleText(std::string_view text);

} // namespace tensel::text::jinja

#endif // TENSEL_RUNTIME_LLM_JINJA_INTERPRETER_H
