// A set of characters as a regular expression writes it: ranges, general categories, \s \d \w, nested and negated sets.
#ifndef TENSEL_RUNTIME_LLM_CHARSET_H
#define TENSEL_RUNTIME_LLM_CHARSET_H

#include <cstdint>
#include <string_view>
#include <vector>

namespace tensel::text {

class CharSet {
public:
  void addRange(char32_t low, char32_t high) { items.push_back({Kind::Range, false, low, high, 0}); }
  void addCategories(uint32_t mask, bool negated) { items.push_back({Kind::Categories, negated, 0, 0, mask}); }
  void addSpace(bool negated) { items.push_back({Kind::Space, negated, 0, 0, 0}); }
  void addWord(bool negated) { items.push_back({Kind::Word, negated, 0, 0, 0}); }
  void addSet(CharSet set) {
    items.push_back({Kind::Set, false, static_cast<char32_t>(sets.size()), 0, 0});
    sets.push_back(std::move(set));
  }
  void negate() { negated = !negated; }
  void ignoreCase() { caseless = true; }
  /// Must be called once, after the last change.
  void finish();

  bool contains(char32_t c) const { return c < 128 ? ascii[c] : compute(c); }

private:
  enum class Kind : uint8_t { Range, Categories, Space, Word, Set };
  struct Item {
    Kind kind;
    bool negated;
    char32_t low, high;
    uint32_t mask;
  };

  bool compute(char32_t c) const;
  bool matchesAny(char32_t c) const;

  std::vector<Item> items;
  std::vector<CharSet> sets;
  bool negated = false;
  bool caseless = false;
  bool ascii[128] = {};
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_CHARSET_H
