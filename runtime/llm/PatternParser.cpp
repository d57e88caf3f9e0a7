// Reads a pattern and writes its program: groups with counts are written out, a group's loop is a Split and a Jump.
#include "runtime/llm/Pattern.h"
#include "runtime/llm/Unicode.h"

namespace tensel::text {

class PatternParser {
public:
  using Op = Pattern::Op;

  PatternParser(std::string_view source, Pattern &pattern) : source(source), pattern(pattern) {}

  bool parse() {
    bool empty = false;
    if (!alternatives(0, true, empty))
      return false;
    if (at < source.size())
      return fail("found ')' without '('");
    if (empty)
      return fail("it matches the empty text");
    for (CharSet &set : pattern.sets)
      set.finish();
    return true;
  }

  std::string message;

private:
  static constexpr size_t longest = 8192; // instructions
  static constexpr uint32_t unbounded = UINT32_MAX;

  bool fail(const std::string &why) {
    if (message.empty())
      message = "pattern '" + std::string(source.substr(0, 200)) + "': " + why + " (at byte " + std::to_string(at) + ")";
    return false;
  }

  bool peek(std::string_view text) const { return source.substr(at, text.size()) == text; }
  bool take(std::string_view text) {
    if (!peek(text))
      return false;
    at += text.size();
    return true;
  }
  uint32_t here() const { return static_cast<uint32_t>(pattern.program.size()); }
  uint32_t emit(Pattern::Instruction instruction) {
    pattern.program.push_back(instruction);
    return here() - 1;
  }

  /// a|b|c up to ')' or the end. At the top each alternative is a program of its own.
  bool alternatives(int depth, bool top, bool &empty) {
    // Repeated groups are parsed again for every copy, so that the number of parses needs a bound of its own.
    if (depth > 32 || ++parses > 20000)
      return fail("found too many or too deep groups");
    empty = false;
    std::vector<uint32_t> jumps;
    const bool outerCase = caseless;
    for (;;) {
      const uint32_t begin = here();
      uint32_t split = 0;
      if (top)
        pattern.starts.push_back(begin);
      else
        split = emit({Op::Split});
      bool emptyHere = true;
      if (!sequence(depth, emptyHere))
        return false;
      empty |= emptyHere;
      if (top) {
        emit({Op::Match});
        if (!take("|"))
          break;
        continue;
      }
      if (!take("|")) {
        // The last alternative has no other way: its Split becomes a Jump to the next instruction.
        pattern.program[split] = {Op::Jump, false, 0, 0, 0, split + 1};
        break;
      }
      jumps.push_back(emit({Op::Jump}));
      pattern.program[split].target = here();
    }
    for (const uint32_t jump : jumps)
      pattern.program[jump].target = here();
    caseless = outerCase;
    return true;
  }

  bool sequence(int depth, bool &empty) {
    while (at < source.size() && source[at] != '|' && source[at] != ')') {
      if (pattern.program.size() > longest)
        return fail("found more than " + std::to_string(longest) + " instructions");
      if (peek("(") ? !group(depth, empty) : !item(empty))
        return false;
    }
    return true;
  }

  bool number(uint32_t &out) {
    const size_t begin = at;
    out = 0;
    while (at < source.size() && source[at] >= '0' && source[at] <= '9' && at - begin < 6)
      out = out * 10 + (source[at++] - '0');
    return at > begin;
  }

  struct Quantifier {
    uint32_t least = 1, most = 1;
    bool possessive = false, given = false;
  };

  bool quantifier(Quantifier &q) {
    q = {};
    if (take("?"))
      q = {0, 1, false, true};
    else if (take("*"))
      q = {0, unbounded, false, true};
    else if (take("+"))
      q = {1, unbounded, false, true};
    else if (peek("{")) {
      const size_t begin = at++;
      const bool low = number(q.least);
      if (!low)
        q.least = 0;
      q.most = q.least;
      bool high = low;
      if (take(",")) {
        high = number(q.most);
        if (!high)
          q.most = unbounded;
      }
      if ((!low && !high) || !take("}")) { // a brace that is itself meant
        at = begin;
        q = {};
        return true;
      }
      if (q.most < q.least || q.least > 1024 || (q.most != unbounded && q.most > 1024))
        return fail("found a count over 1024, or a range that runs backwards");
      q.given = true;
      if (peek("?") || peek("+"))
        return fail("found a quantifier behind a count");
      return true;
    }
    if (q.given && peek("?"))
      return fail("found a lazy quantifier");
    if (q.given && take("+"))
      q.possessive = true;
    return true;
  }

  bool group(int depth, bool &empty) {
    const size_t begin = at;
    const bool outerCase = caseless;
    ++at;
    Op look = Op::Match;
    if (take("?=")) {
      look = Op::Ahead;
    } else if (take("?!")) {
      look = Op::NotAhead;
    } else if (take("?i:")) {
      caseless = true;
    } else if (take("?i)")) {
      caseless = true;
      return true; // to the end of the enclosing group
    } else if (!take("?:") && peek("?")) {
      return fail("found an unknown kind of group");
    }
    if (look != Op::Match) {
      const uint32_t ahead = emit({look});
      bool ignored = false;
      if (!alternatives(depth + 1, false, ignored))
        return false;
      emit({Op::Match});
      pattern.program[ahead].target = here();
      return take(")") || fail("expected ')'");
    }
    const uint32_t first = here();
    const uint32_t firstSet = static_cast<uint32_t>(pattern.sets.size());
    bool emptyBody = false;
    if (!alternatives(depth + 1, false, emptyBody))
      return false;
    if (!take(")"))
      return fail("expected ')'");
    const size_t bodyEnd = at;
    Quantifier q;
    if (!quantifier(q))
      return false;
    caseless = outerCase;
    if (!q.given) {
      empty &= emptyBody;
      return true;
    }
    if (q.possessive)
      return fail("found a possessive group");
    if (emptyBody)
      return fail("found a repeated group that matches the empty text");
    empty &= q.least == 0;
    // Write the body again as often as the counts say.
    const size_t after = at;
    pattern.program.resize(first);
    pattern.sets.resize(firstSet);
    const auto body = [&] {
      at = begin;
      bool ignored = false;
      return bodyAgain(depth, bodyEnd, ignored);
    };
    for (uint32_t i = 0; i < q.least; ++i)
      if (!body())
        return false;
    if (q.most == unbounded) {
      const uint32_t split = emit({Op::Split});
      if (!body())
        return false;
      emit({Op::Jump, false, 0, 0, 0, split});
      pattern.program[split].target = here();
    } else {
      std::vector<uint32_t> splits;
      for (uint32_t i = q.least; i < q.most; ++i) {
        splits.push_back(emit({Op::Split}));
        if (!body())
          return false;
      }
      for (const uint32_t split : splits)
        pattern.program[split].target = here();
    }
    at = after;
    return true;
  }

  /// Parses the group at `at`, which was parsed before, without its quantifier.
  bool bodyAgain(int depth, size_t end, bool &empty) {
    if (pattern.program.size() > longest)
      return fail("found more than " + std::to_string(longest) + " instructions");
    const bool outerCase = caseless;
    ++at;
    if (take("?i:"))
      caseless = true;
    else
      take("?:");
    const bool good = alternatives(depth + 1, false, empty);
    at = end;
    caseless = outerCase;
    return good;
  }

  bool item(bool &empty) {
    if (take("^")) {
      emit({Op::LineStart});
      return true;
    }
    if (take("$")) {
      emit({Op::LineEnd});
      return true;
    }
    if (take("\\A")) {
      emit({Op::TextStart});
      return true;
    }
    if (take("\\z")) {
      emit({Op::TextEnd});
      return true;
    }
    CharSet set;
    if (take(".")) {
      set.addRange('\n', '\n');
      set.negate();
    } else if (take("[")) {
      if (!bracket(set, 0))
        return false;
    } else if (peek("\\")) {
      char32_t c = 0;
      bool isSet = false;
      if (!escape(set, c, isSet))
        return false;
      if (!isSet)
        set.addRange(c, c);
    } else {
      if (peek("*") || peek("+") || peek("?"))
        return fail("found a quantifier with nothing before it");
      const char32_t c = decodeUtf8(source, at);
      set.addRange(c, c);
    }
    if (caseless)
      set.ignoreCase();
    Quantifier q;
    if (!quantifier(q))
      return false;
    empty &= q.least == 0;
    const auto index = static_cast<uint32_t>(pattern.sets.size());
    pattern.sets.push_back(std::move(set));
    emit({Op::Run, q.possessive, index, q.least, q.most, 0});
    return true;
  }

  bool hexadecimal(size_t digits, char32_t &c) {
    c = 0;
    for (size_t i = 0; i < digits; ++i, ++at) {
      const char digit = at < source.size() ? source[at] : 0;
      if (digit >= '0' && digit <= '9')
        c = c * 16 + (digit - '0');
      else if ((digit | 32) >= 'a' && (digit | 32) <= 'f')
        c = c * 16 + ((digit | 32) - 'a' + 10);
      else
        return fail("expected a hexadecimal digit");
    }
    return true;
  }

  /// \s, \p{L}, \n, \u4E00, \. and so on; sets go into `set`.
  bool escape(CharSet &set, char32_t &c, bool &isSet) {
    ++at;
    if (at >= source.size())
      return fail("expected a character behind '\\'");
    const char kind = source[at];
    isSet = true;
    if (kind == 's' || kind == 'S') {
      ++at;
      set.addSpace(kind == 'S');
      return true;
    }
    if (kind == 'd' || kind == 'D') {
      ++at;
      set.addCategories(categoryMask("Nd"), kind == 'D');
      return true;
    }
    if (kind == 'w' || kind == 'W') {
      ++at;
      set.addWord(kind == 'W');
      return true;
    }
    if (kind == 'p' || kind == 'P') {
      ++at;
      const size_t close = source.find('}', at);
      if (!take("{") || close == std::string_view::npos)
        return fail("expected a property in braces");
      std::string_view name = source.substr(at, close - at);
      const bool hat = !name.empty() && name[0] == '^';
      const uint32_t mask = categoryMask(name.substr(hat));
      if (!mask)
        return fail("found the property '" + std::string(name) + "', expected a general category");
      at = close + 1;
      set.addCategories(mask, (kind == 'P') != hat);
      return true;
    }
    isSet = false;
    static constexpr std::string_view from = "nrtfvae0", to = std::string_view("\n\r\t\f\v\a\x1b\0", 8);
    const size_t simple = from.find(kind);
    if (simple != std::string_view::npos) {
      ++at;
      c = static_cast<unsigned char>(to[simple]);
      return true;
    }
    if (take("x{")) {
      const size_t close = source.find('}', at);
      if (close == std::string_view::npos || close == at || close - at > 6 || !hexadecimal(close - at, c))
        return fail("expected a hexadecimal number in braces");
      ++at;
      return true;
    }
    if (take("x"))
      return hexadecimal(2, c);
    if (take("u"))
      return hexadecimal(4, c);
    if ((kind >= 'a' && kind <= 'z') || (kind >= 'A' && kind <= 'Z') || (kind >= '0' && kind <= '9'))
      return fail("found an unknown escape");
    c = decodeUtf8(source, at);
    return true;
  }

  bool bracket(CharSet &set, int depth) {
    if (depth > 8)
      return fail("found more than 8 levels of sets");
    const bool negated = take("^");
    bool first = true;
    while (at < source.size() && (first || source[at] != ']')) {
      first = false;
      if (peek("&&") || peek("[:"))
        return fail("found an intersection or a POSIX class in a set");
      if (take("[")) {
        CharSet inner;
        if (!bracket(inner, depth + 1))
          return false;
        set.addSet(std::move(inner));
        continue;
      }
      char32_t low = 0, high = 0;
      bool isSet = false;
      if (!member(set, low, isSet))
        return false;
      if (isSet)
        continue;
      high = low;
      if (peek("-") && at + 1 < source.size() && source[at + 1] != ']' && source[at + 1] != '[') {
        const size_t dash = at++;
        if (!member(set, high, isSet))
          return false;
        if (isSet) { // "a-\d": the dash stands for itself
          set.addRange('-', '-');
          high = low;
        } else if (high < low) {
          at = dash;
          return fail("found a range that runs backwards");
        }
      }
      set.addRange(low, high);
    }
    if (!take("]"))
      return fail("expected ']'");
    if (negated)
      set.negate();
    return true;
  }

  bool member(CharSet &set, char32_t &c, bool &isSet) {
    if (peek("\\"))
      return escape(set, c, isSet);
    isSet = false;
    c = decodeUtf8(source, at);
    return true;
  }

  std::string_view source;
  Pattern &pattern;
  size_t at = 0, parses = 0;
  bool caseless = false;
};

Result<Pattern> Pattern::compile(std::string_view source) {
  if (!isUtf8(source) || source.size() > 16384)
    return Error{"pattern: expected at most 16384 bytes of UTF-8"};
  Pattern pattern;
  PatternParser parser(source, pattern);
  if (!parser.parse())
    return Error{std::move(parser.message)};
  return pattern;
}

} // namespace tensel::text
