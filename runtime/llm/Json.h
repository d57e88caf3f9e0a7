// A strict JSON reader for files that nobody checked: tokenizer.json, config.json, chat requests. It keeps the text, points
// into it, and allocates in small pieces, so that a hostile file costs no more than a constant times its own size.
#ifndef TENSEL_RUNTIME_LLM_JSON_H
#define TENSEL_RUNTIME_LLM_JSON_H

#include "runtime/llm/Result.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace tensel::text {

/// One value. Lives as long as its JsonDocument; the members of arrays and objects are a linked list.
struct Json {
  enum class Kind : uint8_t { Null, Bool, Integer, Number, String, Array, Object };

  Kind kind = Kind::Null;
  bool boolean = false;
  size_t count = 0;
  int64_t integer = 0;
  double number = 0;
  std::string_view string;
  std::string_view key; ///< the member's name, in an object
  const Json *first = nullptr;
  const Json *next = nullptr;

  bool isNull() const { return kind == Kind::Null; }
  bool isString() const { return kind == Kind::String; }
  bool isArray() const { return kind == Kind::Array; }
  bool isObject() const { return kind == Kind::Object; }
  bool isInteger() const { return kind == Kind::Integer; }
  bool isNumber() const { return kind == Kind::Integer || kind == Kind::Number; }

  /// The member called `name` (the last one, where a name is there twice), or null.
  const Json *find(std::string_view name) const;
  /// As find, but a member that is JSON's null counts as missing.
  const Json *get(std::string_view name) const;
  bool getBool(std::string_view name, bool otherwise) const;
  std::string_view getString(std::string_view name, std::string_view otherwise) const;
  /// "an object", "a string", ... for messages.
  const char *kindName() const;
};

/// The range-for over an array's elements or an object's members.
class JsonMembers {
public:
  class Iterator {
  public:
    explicit Iterator(const Json *at) : at(at) {}
    const Json &operator*() const { return *at; }
    Iterator &operator++() {
      at = at->next;
      return *this;
    }
    bool operator!=(const Iterator &other) const { return at != other.at; }

  private:
    const Json *at;
  };
  explicit JsonMembers(const Json &of) : from(of.first) {}
  Iterator begin() const { return Iterator(from); }
  Iterator end() const { return Iterator(nullptr); }

private:
  const Json *from;
};

class JsonDocument {
public:
  /// Reads one value (RFC 8259, at most 128 levels deep). Text that is not UTF-8 and lone surrogates are errors.
  static Result<JsonDocument> parse(std::string text);

  const Json &root() const { return *top; }

private:
  friend class JsonReader;
  JsonDocument() = default;

  std::unique_ptr<std::string> text;
  std::deque<std::string> unescaped; // strings that had escapes
  std::deque<Json> values;           // never moves its elements
  const Json *top = nullptr;
};

/// `text` in JSON's quotes, ASCII kept and everything else as UTF-8.
std::string quoteJson(std::string_view text);

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_JSON_H
