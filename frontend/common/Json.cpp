// Checks JSON text without recursion and decodes values; see Json.h.
#include "frontend/common/Json.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>

using namespace tensel;

static bool isSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
static bool isDigit(char c) { return c >= '0' && c <= '9'; }

static std::string_view skipSpace(std::string_view text) {
  size_t i = 0;
  while (i < text.size() && isSpace(text[i]))
    ++i;
  return text.substr(i);
}

/// The length of the UTF-8 sequence at the start of `text`, 0 when it is none.
static size_t utf8Length(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  unsigned first = byte(0);
  if (first < 0x80)
    return 1;
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4)
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  bool outside = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
  return overlong || outside ? 0 : length;
}

static int hexDigit(char c) {
  if (isDigit(c))
    return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Four hex digits, or -1.
static int hex4(std::string_view text) {
  int value = 0;
  for (size_t i = 0; i < 4; ++i) {
    int digit = i < text.size() ? hexDigit(text[i]) : -1;
    if (digit < 0)
      return -1;
    value = value * 16 + digit;
  }
  return value;
}

namespace {
/// Checks a whole text; values need no checks afterwards.
struct Checker {
  std::string_view text;
  size_t at = 0;
  const char *problem = nullptr;

  char peek() const { return at < text.size() ? text[at] : '\0'; }
  bool fail(const char *what) {
    problem = problem ? problem : what;
    return false;
  }
  void space() {
    while (at < text.size() && isSpace(text[at]))
      ++at;
  }
  bool word(std::string_view expected) {
    if (text.substr(at, expected.size()) != expected)
      return fail("expected a value");
    at += expected.size();
    return true;
  }
  bool string() {
    if (peek() != '"' || at >= text.size())
      return fail("expected a string");
    for (++at; at < text.size();) {
      auto c = static_cast<unsigned char>(text[at]);
      if (c == '"') {
        ++at;
        return true;
      }
      if (c < 0x20)
        return fail("control character in a string");
      if (c == '\\') {
        char kind = at + 1 < text.size() ? text[at + 1] : '\0';
        if (kind == 'u' ? hex4(text.substr(at + 2)) < 0 : std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos)
          return fail("bad escape in a string");
        at += kind == 'u' ? 6 : 2;
        continue;
      }
      size_t length = utf8Length(text.substr(at, 4));
      if (!length)
        return fail("bad UTF-8 in a string");
      at += length;
    }
    return fail("string without an end");
  }
  bool digits() {
    if (!isDigit(peek()))
      return fail("expected a digit");
    while (isDigit(peek()))
      ++at;
    return true;
  }
  bool number() {
    if (peek() == '-')
      ++at;
    if (peek() == 'I')
      return word("Infinity");
    if (peek() == '0' && isDigit(at + 1 < text.size() ? text[at + 1] : '\0'))
      return fail("number with a leading zero");
    if (!digits())
      return false;
    if (peek() == '.') {
      ++at;
      if (!digits())
        return false;
    }
    if ((peek() | 0x20) == 'e') {
      ++at;
      if (peek() == '+' || peek() == '-')
        ++at;
      return digits();
    }
    return true;
  }
  bool scalar() {
    switch (peek()) {
    case '"':
      return string();
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    case 'N':
      return word("NaN");
    case 'I':
      return word("Infinity");
    default:
      return peek() == '-' || isDigit(peek()) ? number() : fail("expected a value");
    }
  }
  bool key() {
    space();
    if (!string())
      return false;
    space();
    if (peek() != ':')
      return fail("expected ':'");
    ++at;
    return true;
  }
  bool all();
};
} // namespace

bool Checker::all() {
  std::array<bool, Json::maxDepth> isObject;
  unsigned depth = 0;
  while (true) {
    space();
    char open = peek();
    if (open == '{' || open == '[') {
      if (depth == Json::maxDepth)
        return fail("values nested deeper than 64");
      isObject[depth++] = open == '{';
      ++at;
      space();
      bool isEmpty = peek() == (open == '{' ? '}' : ']');
      if (!isEmpty) {
        if (open == '{' && !key())
          return false;
        continue;
      }
    } else if (!scalar()) {
      return false;
    }
    // A value has ended: close what it ends, or go on after a comma.
    for (;;) {
      space();
      if (depth == 0)
        return at == text.size() || fail("text after the end");
      char close = isObject[depth - 1] ? '}' : ']';
      if (peek() == ',') {
        ++at;
        if (isObject[depth - 1] && !key())
          return false;
        break;
      }
      if (peek() != close)
        return fail(close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
      ++at;
      --depth;
    }
  }
}

/// The end of the value at the start of checked text.
static size_t lengthOf(std::string_view text) {
  size_t i = 0;
  unsigned depth = 0;
  do {
    switch (text[i]) {
    case '"':
      for (++i; text[i] != '"'; ++i)
        i += text[i] == '\\';
      break;
    case '{':
    case '[':
      ++depth;
      break;
    case '}':
    case ']':
      --depth;
      break;
    default:
      break;
    }
    ++i;
  } while (depth);
  if (text[0] == '"' || text[0] == '{' || text[0] == '[')
    return i;
  while (i < text.size() && !isSpace(text[i]) && text[i] != ',' && text[i] != '}' && text[i] != ']')
    ++i;
  return i;
}

std::optional<Json> Json::parse(std::string_view text, std::string &error) {
  Checker checker{text};
  if (checker.all())
    return Json(skipSpace(text));
  error = std::string(checker.problem) + " at byte " + std::to_string(checker.at);
  return std::nullopt;
}

Json::Kind Json::kind() const {
  switch (source[0]) {
  case '{':
    return Kind::Object;
  case '[':
    return Kind::Array;
  case '"':
    return Kind::String;
  case 't':
  case 'f':
    return Kind::Bool;
  case 'n':
    return Kind::Null;
  default:
    return Kind::Number;
  }
}

const char *Json::kindName() const {
  static const char *const names[] = {"null", "a bool", "a number", "a string", "an array", "an object"};
  return names[static_cast<int>(kind())];
}

std::optional<bool> Json::asBool() const { return kind() == Kind::Bool ? std::optional<bool>(source[0] == 't') : std::nullopt; }

std::optional<int64_t> Json::asInteger() const {
  if (kind() != Kind::Number)
    return std::nullopt;
  std::string_view digits = source.substr(0, lengthOf(source));
  int64_t value = 0;
  auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return code == std::errc() && end == digits.data() + digits.size() ? std::optional<int64_t>(value) : std::nullopt;
}

std::optional<double> Json::asNumber() const {
  if (kind() != Kind::Number)
    return std::nullopt;
  if (source[0] == 'N')
    return std::numeric_limits<double>::quiet_NaN();
  bool isNegative = source[0] == '-';
  if (source[isNegative] == 'I')
    return isNegative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  // strtod rounds out-of-range numbers as Python does; it needs a terminated string.
  std::string digits(source.substr(0, lengthOf(source)));
  return std::strtod(digits.c_str(), nullptr);
}

static void appendUtf8(std::string &to, unsigned code) {
  if (code < 0x80) {
    to += static_cast<char>(code);
    return;
  }
  unsigned extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static constexpr unsigned marks[] = {0, 0xc0, 0xe0, 0xf0};
  to += static_cast<char>(marks[extra] | code >> (6 * extra));
  while (extra-- > 0)
    to += static_cast<char>(0x80 | (code >> (6 * extra) & 0x3f));
}

std::optional<std::string> Json::asString() const {
  if (kind() != Kind::String)
    return std::nullopt;
  std::string result;
  for (size_t i = 1; source[i] != '"';) {
    if (source[i] != '\\') {
      result += source[i++];
      continue;
    }
    static constexpr std::string_view letters = "bfnrt", meanings = "\b\f\n\r\t";
    char kind = source[i + 1];
    if (kind != 'u') {
      size_t known = letters.find(kind);
      result += known == std::string_view::npos ? kind : meanings[known];
      i += 2;
      continue;
    }
    auto code = static_cast<unsigned>(hex4(source.substr(i + 2)));
    i += 6;
    if (code >= 0xd800 && code < 0xdc00 && source.substr(i, 2) == "\\u") {
      int low = hex4(source.substr(i + 2));
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + static_cast<unsigned>(low - 0xdc00);
        i += 6;
      }
    }
    // Half of a pair stands for no character.
    appendUtf8(result, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
  }
  return result;
}

std::optional<Json> Json::find(std::string_view key) const {
  std::optional<Json> found;
  if (kind() == Kind::Object)
    for (JsonItems items(*this); items.next();)
      if (items.key() == key)
        found = items.value();
  return found;
}

JsonItems::JsonItems(const Json &container) {
  Json::Kind kind = container.kind();
  isObject = kind == Json::Kind::Object;
  if (isObject || kind == Json::Kind::Array)
    rest = skipSpace(container.source.substr(1));
}

bool JsonItems::next() {
  if (rest.empty() || rest[0] == '}' || rest[0] == ']') {
    rest = {};
    return false;
  }
  if (isObject) {
    name = rest;
    rest = skipSpace(rest.substr(lengthOf(rest)));
    rest = skipSpace(rest.substr(1)); // the colon
  }
  item = rest;
  rest = skipSpace(rest.substr(lengthOf(rest)));
  if (!rest.empty() && rest[0] == ',')
    rest = skipSpace(rest.substr(1));
  return true;
}
