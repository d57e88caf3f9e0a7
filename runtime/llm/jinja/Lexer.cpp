// One pass. A tag's "-" takes the white space beside it, "+" keeps it; without either, a block takes the indentation before
// it and one line's end behind it.
#include "runtime/llm/jinja/Lexer.h"

#include "runtime/llm/Unicode.h"

#include <algorithm>
#include <cstring>

namespace tensel::text::jinja {

namespace {

bool isBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 128;
}
bool isDigit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
public:
  explicit Lexer(std::string source) : source(std::move(source)) {}

  bool run() {
    while (at < source.size())
      if (!readText() || !readTag())
        return false;
    add(Token::Kind::End, "");
    return true;
  }

  std::deque<Token> tokens;
  std::string message;

private:
  bool fail(const std::string &why) {
    message = "template, line " + std::to_string(line) + ": " + why;
    return false;
  }
  void add(Token::Kind kind, std::string text) { tokens.push_back({kind, std::move(text), line}); }
  bool peek(std::string_view text) const { return source.compare(at, text.size(), text) == 0; }
  void skip(size_t count) {
    line += static_cast<int>(
        std::count(source.begin() + static_cast<ptrdiff_t>(at), source.begin() + static_cast<ptrdiff_t>(at + count), '\n'));
    at += count;
  }

  /// Reads up to the next tag and strips what the tag takes of it.
  bool readText() {
    size_t tag = at;
    while (tag < source.size() && !(source[tag] == '{' && tag + 1 < source.size() && std::strchr("{%#", source[tag + 1])))
      ++tag;
    std::string_view text = std::string_view(source).substr(at, tag - at);
    if (tag < source.size()) {
      const char sign = tag + 2 < source.size() ? source[tag + 2] : '\0';
      if (sign == '-') {
        while (!text.empty() && isBlank(text.back()))
          text.remove_suffix(1);
      } else if (sign != '+' && source[tag + 1] != '{') {
        const size_t newline = text.rfind('\n');
        const size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
        const bool lineStart = newline != std::string_view::npos || atLineStart;
        if (lineStart && std::all_of(text.begin() + static_cast<ptrdiff_t>(begin), text.end(), isBlank))
          text = text.substr(0, begin);
      }
    }
    if (!text.empty())
      add(Token::Kind::Text, std::string(text));
    skip(tag - at);
    return true;
  }

  bool readTag() {
    if (at >= source.size())
      return true;
    const char kind = source[at + 1];
    if (kind == '#')
      return readComment();
    if (kind == '%' && isRaw("raw", at))
      return readRaw();
    skip(2);
    if (peek("-") || peek("+"))
      skip(1);
    add(kind == '{' ? Token::Kind::OutputBegin : Token::Kind::BlockBegin, "");
    return readExpression(kind == '{' ? "}}" : "%}");
  }

  /// White space behind a tag that ended with `sign` before its closing mark.
  void skipAfter(char sign, bool block) {
    const size_t before = at;
    if (sign == '-') {
      size_t end = at;
      while (end < source.size() && isBlank(source[end]))
        ++end;
      skip(end - at);
    } else if (block && sign != '+' && peek("\n")) {
      skip(1);
    }
    atLineStart = at > before && source[at - 1] == '\n';
  }

  bool readComment() {
    const size_t end = source.find("#}", at + 2);
    if (end == std::string::npos)
      return fail("found a comment without '#}'");
    const char sign = end > at + 2 ? source[end - 1] : '\0';
    skip(end + 2 - at);
    skipAfter(sign == '-' || sign == '+' ? sign : '\0', true);
    return true;
  }

  /// Whether the block at `from` is {% raw %} (or {% endraw %}), with any signs.
  bool isRaw(std::string_view word, size_t from) {
    size_t i = from + 2;
    if (i < source.size() && (source[i] == '-' || source[i] == '+'))
      ++i;
    while (i < source.size() && isBlank(source[i]))
      ++i;
    if (source.compare(i, word.size(), word) != 0)
      return false;
    i += word.size();
    while (i < source.size() && isBlank(source[i]))
      ++i;
    rawSign = i < source.size() && (source[i] == '-' || source[i] == '+') ? source[i++] : '\0';
    rawEnd = i + 2;
    return source.compare(i, 2, "%}") == 0;
  }

  bool readRaw() {
    skip(rawEnd - at);
    if (rawSign == '-')
      skipAfter('-', false);
    size_t end = source.find("{%", at);
    while (end != std::string::npos && !isRaw("endraw", end))
      end = source.find("{%", end + 2);
    if (end == std::string::npos)
      return fail("found 'raw' without 'endraw'");
    std::string text = source.substr(at, end - at);
    const char sign = source[end + 2];
    if (sign == '-') {
      while (!text.empty() && isBlank(text.back()))
        text.pop_back();
    } else if (sign != '+') {
      const size_t newline = text.rfind('\n');
      const size_t begin = newline == std::string::npos ? text.size() : newline + 1;
      if (std::all_of(text.begin() + static_cast<ptrdiff_t>(begin), text.end(), isBlank))
        text.resize(begin);
    }
    if (!text.empty())
      add(Token::Kind::Text, text);
    const size_t after = rawEnd;
    const char closing = rawSign;
    skip(after - at);
    skipAfter(closing, true);
    return true;
  }

  bool readExpression(std::string_view close) {
    std::string brackets;
    for (;;) {
      while (at < source.size() && isBlank(source[at]))
        skip(1);
      if (at >= source.size())
        return fail("found the end of the template, expected '" + std::string(close) + "'");
      if (brackets.empty()) {
        const bool sign = peek("-") || (peek("+") && close == "%}");
        if (source.compare(at + sign, 2, close) == 0) {
          const char mark = sign ? source[at] : '\0';
          add(close == "}}" ? Token::Kind::OutputEnd : Token::Kind::BlockEnd, "");
          skip(2 + sign);
          skipAfter(mark, close == "%}");
          return true;
        }
      }
      if (!readToken(brackets))
        return false;
    }
  }

  bool readToken(std::string &brackets) {
    const char c = source[at];
    if (c == '"' || c == '\'')
      return readString(c);
    size_t end = at;
    if (isNameStart(c)) {
      while (end < source.size() && (isNameStart(source[end]) || isDigit(source[end])))
        ++end;
      add(Token::Kind::Name, source.substr(at, end - at));
      skip(end - at);
      return true;
    }
    if (isDigit(c))
      return readNumber();
    static constexpr std::string_view doubles[] = {"==", "!=", "<=", ">=", "//", "**"};
    for (const std::string_view text : doubles)
      if (peek(text)) {
        add(Token::Kind::Operator, std::string(text));
        skip(2);
        return true;
      }
    if (!std::strchr("+-*/%~=<>|.,:;()[]{}", c))
      return fail(std::string("found the character '") + c + "' in an expression");
    if (std::strchr("([{", c)) {
      brackets += c == '(' ? ')' : c == '[' ? ']' : '}';
      if (brackets.size() > 200)
        return fail("found more than 200 open brackets");
    }
    if (std::strchr(")]}", c)) {
      if (brackets.empty() || brackets.back() != c)
        return fail(std::string("found '") + c + "' without its opening bracket");
      brackets.pop_back();
    }
    add(Token::Kind::Operator, std::string(1, c));
    skip(1);
    return true;
  }

  bool readNumber() {
    size_t end = at;
    bool real = false;
    std::string digits;
    const auto take = [&] {
      while (end < source.size() &&
             (isDigit(source[end]) || (source[end] == '_' && end + 1 < source.size() && isDigit(source[end + 1])))) {
        if (source[end] != '_')
          digits += source[end];
        ++end;
      }
    };
    take();
    if (end + 1 < source.size() && source[end] == '.' && isDigit(source[end + 1])) {
      real = true;
      digits += source[end++];
      take();
    }
    if (end < source.size() && (source[end] | 32) == 'e') {
      size_t exponent = end + 1;
      if (exponent < source.size() && (source[exponent] == '-' || source[exponent] == '+'))
        ++exponent;
      if (exponent < source.size() && isDigit(source[exponent])) {
        digits += source.substr(end, exponent - end);
        end = exponent;
        real = true;
        take();
      }
    }
    add(real ? Token::Kind::Float : Token::Kind::Integer, digits);
    skip(end - at);
    return true;
  }

  bool readHex(size_t &i, size_t count, std::string &out) {
    char32_t c = 0;
    for (size_t k = 0; k < count; ++k, ++i) {
      const char digit = i < source.size() ? source[i] : '\0';
      if (isDigit(digit))
        c = c * 16 + (digit - '0');
      else if ((digit | 32) >= 'a' && (digit | 32) <= 'f')
        c = c * 16 + ((digit | 32) - 'a' + 10);
      else
        return fail("found an escape without its hexadecimal digits");
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
      return fail("found an escape that is no character");
    appendUtf8(out, c);
    return true;
  }

  bool readString(char quote) {
    std::string out;
    size_t i = at + 1;
    while (i < source.size() && source[i] != quote) {
      if (source[i] != '\\') {
        out += source[i++];
        continue;
      }
      const char c = ++i < source.size() ? source[i++] : '\0';
      static constexpr std::string_view from = "ntrbfva\\'\"", to = "\n\t\r\b\f\v\a\\'\"";
      const size_t simple = from.find(c);
      if (simple != std::string_view::npos) {
        out += to[simple];
      } else if (c == '\n') {
        continue;
      } else if (c == 'x' || c == 'u' || c == 'U') {
        if (!readHex(i, c == 'x' ? 2 : c == 'u' ? 4 : 8, out))
          return false;
      } else if (c >= '0' && c <= '7') {
        char32_t value = c - '0';
        for (int k = 0; k < 2 && i < source.size() && source[i] >= '0' && source[i] <= '7'; ++k)
          value = value * 8 + (source[i++] - '0');
        appendUtf8(out, value);
      } else {
        out += '\\';
        if (c)
          out += c;
      }
    }
    if (i >= source.size())
      return fail("found a string without its closing quote");
    add(Token::Kind::String, std::move(out));
    skip(i + 1 - at);
    return true;
  }

  std::string source;
  size_t at = 0;
  int line = 1;
  bool atLineStart = true;
  size_t rawEnd = 0;
  char rawSign = '\0';
};

} // namespace

Result<std::deque<Token>> lex(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      text += '\n';
      i += i + 1 < source.size() && source[i + 1] == '\n';
    } else {
      text += source[i];
    }
  }
  if (text.ends_with('\n'))
    text.pop_back();
  Lexer lexer(std::move(text));
  if (!lexer.run())
    return Error{std::move(lexer.message)};
  return std::move(lexer.tokens);
}

} // namespace tensel::text::jinja
