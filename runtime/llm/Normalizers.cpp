// The normalizers that are more than a table: each rewrites the whole text in one linear pass.
#include "runtime/llm/Steps.h"

namespace tensel::text {

namespace {

/// Keeps the characters that `keep` accepts, changed by `map`.
template <typename Keep, typename Map>
void filterMap(NormalizedText &text, Keep keep, Map map) {
  std::string out;
  out.reserve(text.text.size());
  bool first = true;
  for (size_t at = 0; at < text.text.size();) {
    const char32_t c = decodeUtf8(text.text, at);
    if (keep(c))
      appendUtf8(out, map(c));
    else if (first)
      text.atOrigin = false;
    first = false;
  }
  text.text = std::move(out);
}

char32_t same(char32_t c) { return c; }

class Sequence : public Normalizer {
public:
  explicit Sequence(std::vector<NormalizerPtr> steps) : steps(std::move(steps)) {}
  bool apply(NormalizedText &text) const override {
    for (const NormalizerPtr &step : steps)
      if (!step->apply(text))
        return false;
    return true;
  }

private:
  std::vector<NormalizerPtr> steps;
};

class UnicodeForm : public Normalizer {
public:
  explicit UnicodeForm(NormalForm form) : form(form) {}
  bool apply(NormalizedText &text) const override {
    text.text = normalizeUnicode(text.text, form);
    return true;
  }

private:
  NormalForm form;
};

class Lowercase : public Normalizer {
public:
  bool apply(NormalizedText &text) const override {
    text.text = lowercase(text.text);
    return true;
  }
};

class Nmt : public Normalizer {
public:
  bool apply(NormalizedText &text) const override {
    filterMap(
        text,
        [](char32_t c) {
          return !((c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F);
        },
        [](char32_t c) {
          const bool space = c == 9 || c == 10 || c == 12 || c == 13 || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                             c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == replacementChar;
          return space ? U' ' : c;
        });
    return true;
  }
};

class Strip : public Normalizer {
public:
  Strip(bool left, bool right) : left(left), right(right) {}
  bool apply(NormalizedText &text) const override {
    size_t begin = 0, end = text.text.size();
    while (left && begin < end) {
      size_t next = begin;
      if (!isSpace(decodeUtf8(text.text, next)))
        break;
      begin = next;
    }
    while (right && end > begin) {
      const size_t before = previousUtf8(text.text, end);
      size_t at = before;
      if (!isSpace(decodeUtf8(text.text, at)))
        break;
      end = before;
    }
    if (begin)
      text.atOrigin = false;
    text.text = text.text.substr(begin, end - begin);
    return true;
  }

private:
  bool left, right;
};

class StripAccents : public Normalizer {
public:
  bool apply(NormalizedText &text) const override {
    filterMap(text, [](char32_t c) { return !(categoryBit(c) & marks); }, same);
    return true;
  }
};

class Prepend : public Normalizer {
public:
  explicit Prepend(std::string prefix) : prefix(std::move(prefix)) {}
  bool apply(NormalizedText &text) const override {
    if (!text.text.empty())
      text.text.insert(0, prefix);
    return true;
  }

private:
  std::string prefix;
};

class Replace : public Normalizer {
public:
  Replace(Pattern pattern, std::string content) : pattern(std::move(pattern)), content(std::move(content)) {}
  bool apply(NormalizedText &text) const override {
    // What stands for a match is aligned with the match's last character.
    std::vector<MatchRange> ranges;
    if (!pattern.findAll(text.text, ranges))
      return false;
    if (!ranges.empty() && ranges[0].isMatch &&
        (content.empty() || countUtf8(std::string_view(text.text).substr(0, ranges[0].end)) > 1))
      text.atOrigin = false;
    return replaceAll(pattern, content, text.text);
  }

private:
  Pattern pattern;
  std::string content;
};

class ByteLevelNormalizer : public Normalizer {
public:
  bool apply(NormalizedText &text) const override {
    std::string out;
    out.reserve(text.text.size() * 2);
    for (const char c : text.text)
      out += byteStandIn(static_cast<unsigned char>(c));
    text.text = std::move(out);
    return true;
  }
};

class BertNormalizer : public Normalizer {
public:
  explicit BertNormalizer(BertOptions options) : options(options) {}
  bool apply(NormalizedText &text) const override {
    if (options.cleanText)
      clean(text);
    if (options.chineseChars)
      spaceChinese(text.text);
    if (options.stripAccents) {
      text.text = normalizeUnicode(text.text, NormalForm::Nfd);
      const uint32_t nonspacing = categoryMask("Mn");
      filterMap(text, [=](char32_t c) { return !(categoryBit(c) & nonspacing); }, same);
    }
    if (options.lowercase)
      text.text = lowercase(text.text);
    return true;
  }

private:
  static void clean(NormalizedText &text) {
    const uint32_t control = others & ~categoryMask("Cn");
    filterMap(
        text,
        [=](char32_t c) {
          if (c == '\t' || c == '\n' || c == '\r')
            return true;
          return c != 0 && c != replacementChar && !(categoryBit(c) & control);
        },
        [](char32_t c) { return isSpace(c) ? U' ' : c; });
  }

  static bool isChinese(char32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
  }

  static void spaceChinese(std::string &text) {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
      const char32_t c = decodeUtf8(text, at);
      const bool spaced = isChinese(c);
      if (spaced)
        out += ' ';
      appendUtf8(out, c);
      if (spaced)
        out += ' ';
    }
    text = std::move(out);
  }

  BertOptions options;
};

} // namespace

NormalizerPtr makeNormalizerSequence(std::vector<NormalizerPtr> steps) { return std::make_unique<Sequence>(std::move(steps)); }
NormalizerPtr makeUnicodeNormalizer(NormalForm form) { return std::make_unique<UnicodeForm>(form); }
NormalizerPtr makeLowercase() { return std::make_unique<Lowercase>(); }
NormalizerPtr makeNmt() { return std::make_unique<Nmt>(); }
NormalizerPtr makeStrip(bool left, bool right) { return std::make_unique<Strip>(left, right); }
NormalizerPtr makeStripAccents() { return std::make_unique<StripAccents>(); }
NormalizerPtr makePrepend(std::string text) { return std::make_unique<Prepend>(std::move(text)); }
NormalizerPtr makeReplace(Pattern pattern, std::string content) {
  return std::make_unique<Replace>(std::move(pattern), std::move(content));
}
NormalizerPtr makeByteLevelNormalizer() { return std::make_unique<ByteLevelNormalizer>(); }
NormalizerPtr makeBertNormalizer(BertOptions options) { return std::make_unique<BertNormalizer>(options); }

} // namespace tensel::text
