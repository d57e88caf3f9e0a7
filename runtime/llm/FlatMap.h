// A small open-addressing hash map from 64-bit keys: what vocabularies and merge tables look things up in. It only grows.
#ifndef TENSEL_RUNTIME_LLM_FLATMAP_H
#define TENSEL_RUNTIME_LLM_FLATMAP_H

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tensel::text {

/// Spreads the bits of a key (the finaliser of splitmix64).
inline uint64_t mixBits(uint64_t key) {
  key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9ULL;
  key = (key ^ (key >> 27)) * 0x94D049BB133111EBULL;
  return key ^ (key >> 31);
}

template <typename Value>
class FlatMap {
public:
  void reserve(size_t count) {
    size_t wanted = 16;
    while (wanted < count * 2)
      wanted *= 2;
    if (wanted > slots.size())
      rehash(wanted);
  }

  /// The value at `key`, made when there is none.
  Value &operator[](uint64_t key) {
    if ((used + 1) * 2 > slots.size())
      rehash(slots.empty() ? 16 : slots.size() * 2);
    Slot &slot = slots[locate(key)];
    if (!slot.full) {
      slot = {key, Value(), true};
      ++used;
    }
    return slot.value;
  }

  const Value *find(uint64_t key) const {
    if (slots.empty())
      return nullptr;
    const Slot &slot = slots[locate(key)];
    return slot.full ? &slot.value : nullptr;
  }

  size_t size() const { return used; }

private:
  struct Slot {
    uint64_t key = 0;
    Value value = Value();
    bool full = false;
  };

  size_t locate(uint64_t key) const {
    const size_t mask = slots.size() - 1;
    size_t at = mixBits(key) & mask;
    while (slots[at].full && slots[at].key != key)
      at = (at + 1) & mask;
    return at;
  }

  void rehash(size_t count) {
    std::vector<Slot> old = std::exchange(slots, std::vector<Slot>(count));
    for (Slot &slot : old)
      if (slot.full)
        slots[locate(slot.key)] = std::move(slot);
  }

  std::vector<Slot> slots;
  size_t used = 0;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_FLATMAP_H
