// Membership; ASCII is answered from a table.
#include "runtime/llm/CharSet.h"

#include "runtime/llm/Unicode.h"

#include <algorithm>

namespace tensel::text {

void CharSet::finish() {
  for (CharSet &set : sets)
    set.finish();
  for (char32_t c = 0; c < 128; ++c)
    ascii[c] = compute(c);
}

bool CharSet::matchesAny(char32_t c) const {
  return std::any_of(items.begin(), items.end(), [&](const Item &item) {
    switch (item.kind) {
    case Kind::Range:
      return c >= item.low && c <= item.high;
    case Kind::Categories:
      return ((categoryBit(c) & item.mask) != 0) != item.negated;
    case Kind::Space:
      return isSpace(c) != item.negated;
    case Kind::Word:
      return isWordChar(c) != item.negated;
    case Kind::Set:
      return sets[item.low].compute(c);
    }
    return false;
  });
}

bool CharSet::compute(char32_t c) const {
  bool found = matchesAny(c);
  if (!found && caseless) {
    // The long s and the Kelvin sign fold through their upper and lower cases.
    const char32_t lower = lowerChar(c), upper = upperChar(c);
    found = matchesAny(lower) || matchesAny(upper) || matchesAny(lowerChar(upper));
  }
  return found != negated;
}

} // namespace tensel::text
