// The regular expressions of tokenizers: alternatives of character sets with quantifiers, groups and lookahead, matched by
// backtracking on an explicit stack. A run of one set is one instruction, so that the well-known patterns are linear scans;
// a work limit in proportion to the text turns every other case into an error instead of a hang.
#ifndef TENSEL_RUNTIME_LLM_PATTERN_H
#define TENSEL_RUNTIME_LLM_PATTERN_H

#include "runtime/llm/CharSet.h"
#include "runtime/llm/Result.h"

#include <string>
#include <string_view>
#include <vector>

namespace tensel::text {

/// A part of a text that splitting looks at: a match, or what lies between two.
struct MatchRange {
  size_t begin, end;
  bool isMatch;
};

class Pattern {
public:
  /// Compiles `source` (Oniguruma's Ruby syntax, as the tokenizers package reads it, without back references, lookbehind,
  /// lazy quantifiers and set intersections). Patterns that match the empty text are refused.
  static Result<Pattern> compile(std::string_view source);
  /// A pattern that matches `text` itself.
  static Pattern literal(std::string_view text);

  /// Appends the matches of `text` (UTF-8) and what lies between them, in order, without gaps. False: the work limit.
  bool findAll(std::string_view text, std::vector<MatchRange> &out) const;

private:
  friend class PatternParser;

  enum class Op : uint8_t { Run, Split, Jump, Ahead, NotAhead, LineStart, LineEnd, TextStart, TextEnd, Match };
  struct Instruction {
    Op op;
    bool possessive = false;
    uint32_t set = 0;             // Run
    uint32_t least = 0, most = 0; // Run
    uint32_t target = 0;          // Split, Jump, Ahead, NotAhead: where the other way or the end is
  };
  struct Choice {
    uint32_t pc;
    size_t at, least; // the run may be cut back to `least`
  };
  struct Machine {
    std::string_view text;
    std::vector<Choice> choices;
    size_t work = 0, limit = 0;
  };

  bool run(Machine &machine, uint32_t pc, size_t &at, int depth) const;
  size_t runOf(Machine &machine, const Instruction &instruction, size_t at, uint32_t &count) const;
  bool findLiteral(std::string_view text, std::vector<MatchRange> &out) const;

  std::string fixed; // set: a literal
  std::vector<Instruction> program;
  std::vector<CharSet> sets;
  std::vector<uint32_t> starts; // the alternatives at the top
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_PATTERN_H
