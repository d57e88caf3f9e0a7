// The pre-tokenizers. Splitting only moves boundaries; ByteLevel and Metaspace write a new text.
#include "runtime/llm/Steps.h"

namespace tensel::text {

namespace {

/// Applies a behavior to matches and what lies between them: the parts that stay.
void keepParts(std::vector<MatchRange> &ranges, SplitBehavior behavior) {
  std::vector<MatchRange> out;
  bool previous = false;
  switch (behavior) {
  case SplitBehavior::Isolated:
    return;
  case SplitBehavior::Removed:
    std::erase_if(ranges, [](const MatchRange &range) { return range.isMatch; });
    return;
  case SplitBehavior::Contiguous:
    for (const MatchRange &range : ranges) {
      if (range.isMatch == previous && !out.empty())
        out.back().end = range.end;
      else
        out.push_back(range);
      previous = range.isMatch;
    }
    break;
  case SplitBehavior::MergedWithPrevious:
    for (const MatchRange &range : ranges) {
      if (range.isMatch && !previous && !out.empty())
        out.back().end = range.end;
      else
        out.push_back(range);
      previous = range.isMatch;
    }
    break;
  case SplitBehavior::MergedWithNext:
    for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
      if (range->isMatch && !previous && !out.empty())
        out.back().begin = range->begin;
      else
        out.push_back(*range);
      previous = range->isMatch;
    }
    out = std::vector<MatchRange>(out.rbegin(), out.rend());
    break;
  }
  ranges = std::move(out);
}

/// Cuts every word at what `find(text, ranges)` finds in it.
template <typename Find>
bool splitWords(Words &words, SplitBehavior behavior, Find find) {
  std::vector<Words::Span> out;
  out.reserve(words.spans.size());
  std::vector<MatchRange> ranges;
  for (const Words::Span &span : words.spans) {
    ranges.clear();
    if (!find(words.word(span), ranges))
      return false;
    keepParts(ranges, behavior);
    for (const MatchRange &range : ranges)
      if (range.end > range.begin)
        out.push_back({span.begin + range.begin, span.begin + range.end, span.atOrigin && range.begin == 0});
  }
  words.spans = std::move(out);
  return true;
}

/// As splitWords, where the matches are the single characters that `is` accepts.
template <typename Is>
bool splitChars(Words &words, SplitBehavior behavior, Is is) {
  return splitWords(words, behavior, [&](std::string_view text, std::vector<MatchRange> &ranges) {
    size_t done = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t begin = at;
      if (!is(decodeUtf8(text, at)))
        continue;
      if (begin > done)
        ranges.push_back({done, begin, false});
      ranges.push_back({begin, at, true});
      done = at;
    }
    if (done < text.size())
      ranges.push_back({done, text.size(), false});
    return true;
  });
}

bool isPunct(char32_t c) { return isAsciiPunct(c) || (categoryBit(c) & punctuation); }

class Sequence : public PreTokenizer {
public:
  explicit Sequence(std::vector<PreTokenizerPtr> steps) : steps(std::move(steps)) {}
  bool apply(Words &words) const override {
    for (const PreTokenizerPtr &step : steps)
      if (!step->apply(words))
        return false;
    return true;
  }

private:
  std::vector<PreTokenizerPtr> steps;
};

class Split : public PreTokenizer {
public:
  Split(Pattern pattern, SplitBehavior behavior, bool invert) : pattern(std::move(pattern)), behavior(behavior), invert(invert) {}
  bool apply(Words &words) const override {
    return splitWords(words, behavior, [&](std::string_view text, std::vector<MatchRange> &ranges) {
      if (!pattern.findAll(text, ranges))
        return false;
      if (invert)
        for (MatchRange &range : ranges)
          range.isMatch = !range.isMatch;
      return true;
    });
  }

private:
  Pattern pattern;
  SplitBehavior behavior;
  bool invert;
};

class ByteLevel : public PreTokenizer {
public:
  ByteLevel(bool addPrefixSpace, bool useRegex)
      : words(useRegex ? Pattern::compile("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+")
                       : Result<Pattern>(Error{})),
        addPrefixSpace(addPrefixSpace) {}

  bool apply(Words &text) const override {
    if (addPrefixSpace)
      addSpaces(text);
    const auto find = [&](std::string_view word, std::vector<MatchRange> &ranges) { return words->findAll(word, ranges); };
    if (words && !splitWords(text, SplitBehavior::Isolated, find))
      return false;
    Words out;
    out.text.reserve(text.text.size() * 2);
    out.spans.reserve(text.spans.size());
    for (const Words::Span &span : text.spans) {
      const size_t begin = out.text.size();
      for (const char c : text.word(span))
        out.text += byteStandIn(static_cast<unsigned char>(c));
      out.spans.push_back({begin, out.text.size(), span.atOrigin});
    }
    text = std::move(out);
    return true;
  }

private:
  static void addSpaces(Words &text) {
    Words out;
    for (const Words::Span &span : text.spans) {
      const size_t begin = out.text.size();
      if (text.text[span.begin] != ' ')
        out.text += ' ';
      out.text += text.word(span);
      out.spans.push_back({begin, out.text.size(), span.atOrigin});
    }
    text = std::move(out);
  }

  Result<Pattern> words;
  bool addPrefixSpace;
};

class Digits : public PreTokenizer {
public:
  explicit Digits(bool individual) : individual(individual) {}
  bool apply(Words &words) const override {
    return splitChars(words, individual ? SplitBehavior::Isolated : SplitBehavior::Contiguous, isNumeric);
  }

private:
  bool individual;
};

class Punctuation : public PreTokenizer {
public:
  explicit Punctuation(SplitBehavior behavior) : behavior(behavior) {}
  bool apply(Words &words) const override { return splitChars(words, behavior, isPunct); }

private:
  SplitBehavior behavior;
};

/// \w+|[^\w\s]+, of which the rest is dropped.
class Whitespace : public PreTokenizer {
public:
  bool apply(Words &words) const override {
    return splitWords(words, SplitBehavior::Removed, [](std::string_view text, std::vector<MatchRange> &ranges) {
      int kind = -1;
      for (size_t at = 0; at < text.size();) {
        const size_t begin = at;
        const char32_t c = decodeUtf8(text, at);
        const bool joiner = c == 0x200C || c == 0x200D; // a word character to Rust's regular expressions
        const int found = isWordChar(c) || joiner ? 1 : isSpace(c) ? 0 : 2;
        if (found == kind)
          ranges.back().end = at;
        else
          ranges.push_back({begin, at, found == 0});
        kind = found;
      }
      return true;
    });
  }
};

class WhitespaceSplit : public PreTokenizer {
public:
  bool apply(Words &words) const override { return splitChars(words, SplitBehavior::Removed, isSpace); }
};

class BertPreTokenizer : public PreTokenizer {
public:
  bool apply(Words &words) const override {
    return splitChars(words, SplitBehavior::Removed, isSpace) && splitChars(words, SplitBehavior::Isolated, isPunct);
  }
};

class CharDelimiter : public PreTokenizer {
public:
  explicit CharDelimiter(char32_t delimiter) : delimiter(delimiter) {}
  bool apply(Words &words) const override {
    return splitChars(words, SplitBehavior::Removed, [&](char32_t c) { return c == delimiter; });
  }

private:
  char32_t delimiter;
};

class Metaspace : public PreTokenizer {
public:
  Metaspace(std::string replacement, PrependScheme scheme, bool split)
      : replacement(std::move(replacement)), scheme(scheme), split(split) {}

  bool apply(Words &words) const override {
    Words out;
    out.text.reserve(words.text.size() + words.text.size() / 2);
    for (const Words::Span &span : words.spans) {
      const std::string_view word = words.word(span);
      const size_t begin = out.text.size();
      const bool marked = word[0] == ' ' || word.starts_with(replacement);
      if (!marked && (scheme == PrependScheme::Always || (scheme == PrependScheme::First && span.atOrigin)))
        out.text += replacement;
      for (const char c : word) {
        if (c == ' ')
          out.text += replacement;
        else
          out.text += c;
      }
      out.spans.push_back({begin, out.text.size(), span.atOrigin});
    }
    words = std::move(out);
    if (!split)
      return true;
    size_t at = 0;
    const char32_t mark = decodeUtf8(replacement, at);
    return splitChars(words, SplitBehavior::MergedWithNext, [=](char32_t c) { return c == mark; });
  }

private:
  std::string replacement;
  PrependScheme scheme;
  bool split;
};

class FixedLength : public PreTokenizer {
public:
  explicit FixedLength(size_t length) : length(length) {}
  bool apply(Words &words) const override {
    return splitWords(words, SplitBehavior::Isolated, [&](std::string_view text, std::vector<MatchRange> &ranges) {
      for (size_t at = 0; at < text.size();) {
        const size_t begin = at;
        for (size_t i = 0; i < length && at < text.size(); ++i)
          decodeUtf8(text, at);
        ranges.push_back({begin, at, false});
      }
      return true;
    });
  }

private:
  size_t length;
};

} // namespace

PreTokenizerPtr makePreTokenizerSequence(std::vector<PreTokenizerPtr> steps) {
  return std::make_unique<Sequence>(std::move(steps));
}
PreTokenizerPtr makeByteLevel(bool addPrefixSpace, bool useRegex) {
  return std::make_unique<ByteLevel>(addPrefixSpace, useRegex);
}
PreTokenizerPtr makeSplit(Pattern pattern, SplitBehavior behavior, bool invert) {
  return std::make_unique<Split>(std::move(pattern), behavior, invert);
}
PreTokenizerPtr makeDigits(bool individual) { return std::make_unique<Digits>(individual); }
PreTokenizerPtr makePunctuation(SplitBehavior behavior) { return std::make_unique<Punctuation>(behavior); }
PreTokenizerPtr makeWhitespace() { return std::make_unique<Whitespace>(); }
PreTokenizerPtr makeWhitespaceSplit() { return std::make_unique<WhitespaceSplit>(); }
PreTokenizerPtr makeBertPreTokenizer() { return std::make_unique<BertPreTokenizer>(); }
PreTokenizerPtr makeCharDelimiter(char32_t delimiter) { return std::make_unique<CharDelimiter>(delimiter); }
PreTokenizerPtr makeMetaspace(std::string replacement, PrependScheme scheme, bool split) {
  return std::make_unique<Metaspace>(std::move(replacement), scheme, split);
}
PreTokenizerPtr makeFixedLength(size_t length) { return std::make_unique<FixedLength>(length); }

} // namespace tensel::text
