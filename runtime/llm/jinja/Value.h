// The values of a template: Python's, as far as chat templates see them. Copies are cheap; lists and dicts are shared and
// change only through namespaces.
#ifndef TENSEL_RUNTIME_LLM_JINJA_VALUE_H
#define TENSEL_RUNTIME_LLM_JINJA_VALUE_H

#include "runtime/llm/Json.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tensel::text::jinja {

struct Callable;
class Value;
using List = std::vector<Value>;
using Dict = std::vector<std::pair<Value, Value>>;

class Value {
public:
  enum class Kind : uint8_t { Undefined, None, Bool, Int, Float, String, List, Dict, Callable };

  Value() = default;
  static Value none() { return Value(Kind::None); }
  static Value boolean(bool b) {
    Value out(Kind::Bool);
    out.number = b;
    return out;
  }
  static Value integer(int64_t i) {
    Value out(Kind::Int);
    out.number = i;
    return out;
  }
  static Value real(double d) {
    Value out(Kind::Float);
    out.fraction = d;
    return out;
  }
  static Value string(std::string text);
  static Value list(List items, bool tuple = false);
  static Value dict(Dict entries, bool isNamespace = false);
  static Value callable(Callable call);
  /// Undefined, with the name that the message will use.
  static Value undefined(std::string name);
  static Value fromJson(const Json &json);

  Kind kind() const { return tag; }
  bool is(Kind kind) const { return tag == kind; }
  bool isUndefined() const { return tag == Kind::Undefined; }
  bool isNumber() const { return tag == Kind::Int || tag == Kind::Float || tag == Kind::Bool; }
  bool isIntegral() const { return tag == Kind::Int || tag == Kind::Bool; }
  bool isTuple() const { return tag == Kind::List && flag; }
  bool isNamespace() const { return tag == Kind::Dict && flag; }

  int64_t asInt() const { return tag == Kind::Float ? static_cast<int64_t>(fraction) : number; }
  double asReal() const { return tag == Kind::Float ? fraction : static_cast<double>(number); }
  const std::string &text() const { return *static_cast<const std::string *>(object.get()); }
  /// The name of an undefined value, for messages.
  std::string name() const { return object ? text() : std::string("value"); }
  const List &list() const { return *static_cast<const List *>(object.get()); }
  const Dict &dict() const { return *static_cast<const Dict *>(object.get()); }
  Dict &mutableDict() const { return *static_cast<Dict *>(object.get()); } ///< namespaces only
  const Callable &call() const { return *static_cast<const Callable *>(object.get()); }

  bool truthy() const;
  /// The entry at `key`, or null.
  const Value *find(const Value &key) const;
  const Value *find(std::string_view key) const;
  /// Python's str() and repr().
  std::string str() const;
  std::string repr() const;
  /// "a string", "a list", ... for messages.
  const char *kindName() const;
  /// How many bytes and items are in it, all levels counted: what walking through it costs.
  size_t weight() const { return size; }
  size_t depth() const { return levels; }
  bool holdsNamespace() const { return inner; }

private:
  explicit Value(Kind kind) : tag(kind) {}

  void measure(const Value &part);

  Kind tag = Kind::Undefined;
  bool flag = false;  // a tuple, a namespace
  bool inner = false; // a namespace is somewhere inside
  uint32_t levels = 1;
  size_t size = 1;
  union {
    int64_t number = 0;
    double fraction;
  };
  std::shared_ptr<void> object;
};

/// Python's ==.
bool equal(const Value &a, const Value &b, int depth = 0);
/// Python's < for numbers, strings and lists; false in `ok` for what cannot be compared.
bool less(const Value &a, const Value &b, bool &ok, int depth = 0);
/// Sets or adds an entry.
void setEntry(Dict &dict, const Value &key, Value value);
/// repr() of a float: the shortest digits that read back the same.
std::string reprReal(double value);

struct JsonStyle {
  int indent = -1; ///< below 0: on one line
  std::string itemSeparator = ", ", keySeparator = ": ";
  bool sortKeys = false, ascii = false;
};
/// Python's json.dumps. False: a value that JSON has no form for.
bool toJson(const Value &value, const JsonStyle &style, std::string &out, int depth = 0);

} // namespace tensel::text::jinja

#endif // TENSEL_RUNTIME_LLM_JINJA_VALUE_H
