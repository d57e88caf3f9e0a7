// JSON read in place: the text is checked once, then values are views into it
// that are decoded when asked for. Takes no memory of its own and bounded stack,
// whatever the text; accepts Python's NaN and Infinity, which real files hold.
#ifndef TENSEL_FRONTEND_COMMON_JSON_H
#define TENSEL_FRONTEND_COMMON_JSON_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tensel {

class Json {
public:
  enum class Kind { Null, Bool, Number, String, Array, Object };
  static constexpr unsigned maxDepth = 64;

  /// Checks all of `text`, which the caller keeps alive; empty with `error` ("... at byte N") set otherwise.
  static std::optional<Json> parse(std::string_view text, std::string &error);

  Kind kind() const;
  /// "a number", "an object", ... for errors.
  const char *kindName() const;
  bool isNull() const { return kind() == Kind::Null; }
  std::optional<bool> asBool() const;
  std::optional<double> asNumber() const;
  /// Numbers written without fraction and exponent that fit.
  std::optional<int64_t> asInteger() const;
  std::optional<std::string> asString() const;
  /// The last member of that name, as Python takes it; nothing when this is no object.
  std::optional<Json> find(std::string_view key) const;
  std::string_view text() const { return source; }

private:
  friend class JsonItems;
  explicit Json(std::string_view source) : source(source) {}
  /// Begins with the value's first character; may go on after its end.
  std::string_view source;
};

/// Walks the elements of an array or the members of an object, in order: `for (JsonItems i(value); i.next();)`.
class JsonItems {
public:
  explicit JsonItems(const Json &container);
  /// Steps to the next item; false at the end, and at once when the value is no container.
  bool next();
  /// Of an object's member.
  std::string key() const { return *Json(name).asString(); }
  Json value() const { return Json(item); }

private:
  std::string_view rest, name, item;
  bool isObject = false;
};

} // namespace tensel

#endif // TENSEL_FRONTEND_COMMON_JSON_H
