// Tokens by text and by id. Texts are hashed once (FNV-1a, mixed) into an open table of entry numbers.
#include "runtime/llm/FlatMap.h"
#include "runtime/llm/Steps.h"

#include <algorithm>
#include <deque>

namespace tensel::text {

struct Vocabulary::Tables {
  struct Entry {
    std::string text;
    TokenId id;
  };

  static uint64_t hash(std::string_view text) {
    uint64_t value = 0xCBF29CE484222325ULL;
    for (const char c : text)
      value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    return mixBits(value);
  }

  /// The slot of `text`: its entry's number + 1, or the empty slot where it belongs.
  size_t locate(std::string_view text) const {
    const size_t mask = slots.size() - 1;
    size_t at = hash(text) & mask;
    while (slots[at] && entries[slots[at] - 1].text != text)
      at = (at + 1) & mask;
    return at;
  }

  void grow(size_t count) {
    slots.assign(count, 0);
    for (size_t i = 0; i < entries.size(); ++i)
      slots[locate(entries[i].text)] = static_cast<uint32_t>(i + 1);
  }

  std::deque<Entry> entries; // grows in small pieces
  std::vector<uint32_t> slots;
  FlatMap<uint32_t> byId;
  size_t longest = 0;
};

Vocabulary::Vocabulary() : tables(std::make_unique<Tables>()) {}
Vocabulary::~Vocabulary() = default;
Vocabulary::Vocabulary(Vocabulary &&) noexcept = default;
Vocabulary &Vocabulary::operator=(Vocabulary &&) noexcept = default;

void Vocabulary::reserve(size_t count) {
  size_t wanted = 16;
  while (wanted < count * 2)
    wanted *= 2;
  if (wanted > tables->slots.size())
    tables->grow(wanted);
  tables->byId.reserve(count);
}

void Vocabulary::add(std::string_view text, TokenId id) {
  Tables &t = *tables;
  if ((t.entries.size() + 1) * 2 > t.slots.size())
    t.grow(t.slots.empty() ? 16 : t.slots.size() * 2);
  uint32_t &slot = t.slots[t.locate(text)];
  if (!slot) {
    t.entries.push_back({std::string(text), id});
    slot = static_cast<uint32_t>(t.entries.size());
    t.longest = std::max(t.longest, text.size());
  }
  t.entries[slot - 1].id = id;
  t.byId[id] = slot;
}

const TokenId *Vocabulary::find(std::string_view text) const {
  const Tables &t = *tables;
  if (t.slots.empty())
    return nullptr;
  const uint32_t slot = t.slots[t.locate(text)];
  return slot ? &t.entries[slot - 1].id : nullptr;
}

const std::string *Vocabulary::text(TokenId id) const {
  const uint32_t *slot = tables->byId.find(id);
  return slot ? &tables->entries[*slot - 1].text : nullptr;
}

size_t Vocabulary::size() const { return tables->entries.size(); }
size_t Vocabulary::longest() const { return tables->longest; }

void Vocabulary::each(const std::function<void(const std::string &, TokenId)> &see) const {
  for (const Tables::Entry &entry : tables->entries)
    see(entry.text, entry.id);
}

} // namespace tensel::text
