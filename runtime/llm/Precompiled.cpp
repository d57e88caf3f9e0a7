// SentencePiece's compiled normalization table: a double-array trie (Darts) over the texts to replace, and the replacements.
// Layout: u32 bytes of the trie, the trie's units (u32 each), then zero-terminated UTF-8.
#include "runtime/llm/Steps.h"

#include <cstring>

namespace tensel::text {

namespace {

class Precompiled : public Normalizer {
public:
  Precompiled(std::vector<uint32_t> units, std::string texts) : units(std::move(units)), texts(std::move(texts)) {}

  bool apply(NormalizedText &normalized) const override {
    const std::string &text = normalized.text;
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
      // A whole grapheme cluster first, then its characters; so does SentencePiece's other reader.
      const size_t end = graphemeEnd(text, at);
      std::string_view replacement;
      if (end - at < 6 && find(std::string_view(text).substr(at, end - at), replacement)) {
        out += replacement;
        at = end;
        continue;
      }
      while (at < end) {
        const size_t begin = at;
        decodeUtf8(text, at);
        const std::string_view part = std::string_view(text).substr(begin, at - begin);
        out += find(part, replacement) ? replacement : part;
      }
    }
    normalized.text = std::move(out);
    return true;
  }

private:
  static uint32_t offset(uint32_t unit) { return (unit >> 10) << ((unit & 1U << 9) >> 6); }

  /// The replacement of the shortest key that `text` starts with.
  bool find(std::string_view text, std::string_view &replacement) const {
    uint32_t at = 0;
    uint32_t unit = units[0];
    at ^= offset(unit);
    for (const char c : text) {
      const auto label = static_cast<unsigned char>(c);
      if (label == 0)
        return false;
      at ^= label;
      if (at >= units.size())
        return false;
      unit = units[at];
      if ((unit & (1U << 31 | 0xFF)) != label)
        return false;
      at ^= offset(unit);
      if (at >= units.size())
        return false;
      if (unit >> 8 & 1) {
        const uint32_t begin = units[at] & ~(1U << 31);
        if (!(units[at] >> 31) || begin >= texts.size())
          return false;
        replacement = std::string_view(texts).substr(begin);
        replacement = replacement.substr(0, replacement.find('\0'));
        return true;
      }
    }
    return false;
  }

  std::vector<uint32_t> units;
  std::string texts;
};

} // namespace

Result<NormalizerPtr> makePrecompiled(std::string_view table) {
  uint32_t size = 0;
  if (table.size() < 4)
    return Error{"precompiled normalizer: found " + std::to_string(table.size()) + " bytes, expected a table"};
  std::memcpy(&size, table.data(), 4);
  table.remove_prefix(4);
  if (size > table.size() || size % 4 || size == 0)
    return Error{"precompiled normalizer: found a trie of " + std::to_string(size) + " bytes, expected a multiple of 4 up to " +
                 std::to_string(table.size())};
  std::vector<uint32_t> units(size / 4);
  std::memcpy(units.data(), table.data(), size);
  std::string texts(table.substr(size));
  if (!isUtf8(texts))
    return Error{"precompiled normalizer: found replacements that are not UTF-8"};
  // Replacements start at character boundaries, or the text would stop being UTF-8.
  for (const uint32_t unit : units) {
    const uint32_t begin = unit & ~(1U << 31);
    if (unit >> 31 && begin < texts.size() && (static_cast<unsigned char>(texts[begin]) & 0xC0) == 0x80)
      return Error{"precompiled normalizer: found a replacement that starts inside a character"};
  }
  return NormalizerPtr(std::make_unique<Precompiled>(std::move(units), std::move(texts)));
}

} // namespace tensel::text
