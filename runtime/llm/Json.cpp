// Recursive descent over the text with a bound on the depth; strings without escapes are views of the file itself.
#include "runtime/llm/Json.h"

#include "runtime/llm/Unicode.h"

#include <charconv>
#include <cstring>

namespace tensel::text {

const Json *Json::find(std::string_view name) const {
  const Json *found = nullptr;
  if (isObject())
    for (const Json &member : JsonMembers(*this))
      if (member.key == name)
        found = &member;
  return found;
}

const Json *Json::get(std::string_view name) const {
  const Json *found = find(name);
  return found && !found->isNull() ? found : nullptr;
}

bool Json::getBool(std::string_view name, bool otherwise) const {
  const Json *found = get(name);
  return found && found->kind == Kind::Bool ? found->boolean : otherwise;
}

std::string_view Json::getString(std::string_view name, std::string_view otherwise) const {
  const Json *found = get(name);
  return found && found->isString() ? found->string : otherwise;
}

const char *Json::kindName() const {
  switch (kind) {
  case Kind::Null:
    return "null";
  case Kind::Bool:
    return "a bool";
  case Kind::Integer:
  case Kind::Number:
    return "a number";
  case Kind::String:
    return "a string";
  case Kind::Array:
    return "an array";
  case Kind::Object:
    return "an object";
  }
  return "nothing";
}

class JsonReader {
public:
  explicit JsonReader(JsonDocument &document) : document(document), text(*document.text) {}

  bool read() {
    Json *value = readValue(0);
    if (!value)
      return false;
    skipSpace();
    if (at != text.size())
      return fail("the end of the text");
    document.top = value;
    return true;
  }

  std::string message;

private:
  static constexpr int deepest = 128;

  bool fail(const char *expected) {
    if (!message.empty())
      return false;
    message = "JSON: at byte " + std::to_string(at) + " found ";
    if (at >= text.size())
      message += "the end of the text";
    else if (text[at] >= ' ' && text[at] < 127)
      message += std::string("'") + text[at] + "'";
    else
      message += "byte " + std::to_string(static_cast<unsigned char>(text[at]));
    message += std::string(", expected ") + expected;
    return false;
  }

  void skipSpace() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
      ++at;
  }

  bool take(char wanted) {
    if (at >= text.size() || text[at] != wanted)
      return false;
    ++at;
    return true;
  }

  bool takeWord(std::string_view word) {
    if (text.compare(at, word.size(), word) != 0)
      return fail("a value");
    at += word.size();
    return true;
  }

  Json *readValue(int depth) {
    if (depth > deepest) {
      fail("at most 128 levels");
      return nullptr;
    }
    skipSpace();
    Json *value = &document.values.emplace_back();
    if (at >= text.size()) {
      fail("a value");
      return nullptr;
    }
    bool good = false;
    switch (text[at]) {
    case '{':
      good = readMembers(*value, depth, '}');
      break;
    case '[':
      good = readMembers(*value, depth, ']');
      break;
    case '"':
      value->kind = Json::Kind::String;
      good = readString(value->string);
      break;
    case 't':
    case 'f':
      value->kind = Json::Kind::Bool;
      value->boolean = text[at] == 't';
      good = takeWord(value->boolean ? "true" : "false");
      break;
    case 'n':
      good = takeWord("null");
      break;
    default:
      good = readNumber(*value);
    }
    return good ? value : nullptr;
  }

  bool readMembers(Json &value, int depth, char close) {
    const bool object = close == '}';
    value.kind = object ? Json::Kind::Object : Json::Kind::Array;
    ++at;
    skipSpace();
    if (take(close))
      return true;
    Json *last = nullptr;
    for (;;) {
      std::string_view key;
      if (object) {
        skipSpace();
        if (at >= text.size() || text[at] != '"')
          return fail("a member's name");
        if (!readString(key))
          return false;
        skipSpace();
        if (!take(':'))
          return fail("':'");
      }
      Json *member = readValue(depth + 1);
      if (!member)
        return false;
      member->key = key;
      (last ? last->next : value.first) = member;
      last = member;
      ++value.count;
      skipSpace();
      if (take(close))
        return true;
      if (!take(','))
        return fail(object ? "',' or '}'" : "',' or ']'");
    }
  }

  bool readHex(uint32_t &unit) {
    unit = 0;
    for (int i = 0; i < 4; ++i, ++at) {
      const char c = at < text.size() ? text[at] : '\0';
      uint32_t digit = 0;
      if (c >= '0' && c <= '9')
        digit = c - '0';
      else if ((c | 32) >= 'a' && (c | 32) <= 'f')
        digit = (c | 32) - 'a' + 10;
      else
        return fail("four hexadecimal digits");
      unit = unit * 16 + digit;
    }
    return true;
  }

  bool readEscape(std::string &out) {
    const char c = at < text.size() ? text[at] : '\0';
    static constexpr char from[] = "\"\\/bfnrt";
    static constexpr char to[] = "\"\\/\b\f\n\r\t";
    const char *simple = c ? std::strchr(from, c) : nullptr;
    if (simple) {
      out += to[simple - from];
      ++at;
      return true;
    }
    if (c != 'u')
      return fail("an escape");
    ++at;
    uint32_t unit = 0;
    if (!readHex(unit))
      return false;
    if (unit >= 0xD800 && unit < 0xDC00) {
      uint32_t low = 0;
      if (!take('\\') || !take('u'))
        return fail("the second half of a surrogate pair");
      if (!readHex(low))
        return false;
      if (low < 0xDC00 || low > 0xDFFF)
        return fail("the second half of a surrogate pair");
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
      return fail("no lone surrogate before here");
    }
    appendUtf8(out, unit);
    return true;
  }

  bool readString(std::string_view &out) {
    const size_t begin = ++at;
    while (at < text.size() && text[at] != '"' && text[at] != '\\' && static_cast<unsigned char>(text[at]) >= ' ')
      ++at;
    if (at < text.size() && text[at] == '"') {
      out = std::string_view(text).substr(begin, at++ - begin);
      return true;
    }
    std::string built = text.substr(begin, at - begin);
    while (at < text.size() && text[at] != '"') {
      if (static_cast<unsigned char>(text[at]) < ' ')
        return fail("no control character in a string");
      if (text[at] != '\\') {
        built += text[at++];
        continue;
      }
      ++at;
      if (!readEscape(built))
        return false;
    }
    if (!take('"'))
      return fail("'\"'");
    out = document.unescaped.emplace_back(std::move(built));
    return true;
  }

  bool readDigits() {
    const size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9')
      ++at;
    return at > begin || fail("a digit");
  }

  bool readNumber(Json &value) {
    const size_t begin = at;
    bool whole = true;
    take('-');
    if (at >= text.size() || text[at] < '0' || text[at] > '9')
      return fail("a value");
    if (!take('0') && !readDigits())
      return false;
    if (take('.')) {
      whole = false;
      if (!readDigits())
        return false;
    }
    if (at < text.size() && (text[at] | 32) == 'e') {
      ++at;
      whole = false;
      if (!take('+'))
        take('-');
      if (!readDigits())
        return false;
    }
    const char *from = text.data() + begin, *to = text.data() + at;
    value.kind = Json::Kind::Number;
    if (whole && std::from_chars(from, to, value.integer).ec == std::errc()) {
      value.kind = Json::Kind::Integer;
      value.number = static_cast<double>(value.integer);
      return true;
    }
    const auto [end, status] = std::from_chars(from, to, value.number);
    if (status != std::errc() || end != to)
      return fail("a number that a double can hold before here");
    return true;
  }

  JsonDocument &document;
  const std::string &text;
  size_t at = 0;
};

Result<JsonDocument> JsonDocument::parse(std::string text) {
  if (!isUtf8(text))
    return Error{"JSON: found bytes that are not UTF-8"};
  JsonDocument document;
  document.text = std::make_unique<std::string>(std::move(text));
  JsonReader reader(document);
  if (!reader.read())
    return Error{std::move(reader.message)};
  return document;
}

std::string quoteJson(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\b') {
      out += "\\b";
    } else if (c == '\f') {
      out += "\\f";
    } else if (byte < ' ') {
      static constexpr char digits[] = "0123456789abcdef";
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

} // namespace tensel::text
