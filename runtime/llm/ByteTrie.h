// A trie over bytes: finds the longest of many strings at a place of a text. Its edges are one hash table.
#ifndef TENSEL_RUNTIME_LLM_BYTETRIE_H
#define TENSEL_RUNTIME_LLM_BYTETRIE_H

#include "runtime/llm/FlatMap.h"

#include <deque>
#include <optional>
#include <string_view>

namespace tensel::text {

class ByteTrie {
public:
  struct Match {
    size_t length;
    uint32_t value;
  };

  ByteTrie() : values(1) {}

  /// A string that is there already gets the new value. Empty strings are ignored.
  void insert(std::string_view text, uint32_t value) {
    if (text.empty())
      return;
    uint32_t node = 0;
    for (const char c : text) {
      uint32_t &next = edges[edge(node, c)];
      if (!next) {
        next = static_cast<uint32_t>(values.size());
        values.emplace_back();
      }
      node = next;
    }
    values[node] = value;
    starts[static_cast<unsigned char>(text[0])] = true;
  }

  /// Calls `see(length, value)` for every string that starts at `at`, shortest first.
  template <typename See>
  void eachPrefix(std::string_view text, size_t at, See see) const {
    uint32_t node = 0;
    for (size_t i = at; i < text.size(); ++i) {
      const uint32_t *next = edges.find(edge(node, text[i]));
      if (!next)
        return;
      node = *next;
      if (values[node])
        see(i + 1 - at, *values[node]);
    }
  }

  std::optional<Match> longest(std::string_view text, size_t at) const {
    std::optional<Match> best;
    if (at < text.size() && starts[static_cast<unsigned char>(text[at])])
      eachPrefix(text, at, [&](size_t length, uint32_t value) { best = Match{length, value}; });
    return best;
  }

  bool empty() const { return values.size() == 1; }

private:
  static uint64_t edge(uint32_t node, char c) { return static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(c); }

  FlatMap<uint32_t> edges;
  std::deque<std::optional<uint32_t>> values; // a node for each byte: grows in small pieces
  bool starts[256] = {};
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_BYTETRIE_H
