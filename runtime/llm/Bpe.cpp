// Byte-pair encoding: the applicable merges of a word wait in a heap by rank, so that a word of n characters costs n log n.
#include "runtime/llm/FlatMap.h"
#include "runtime/llm/Steps.h"

#include <queue>

namespace tensel::text {

namespace {

/// A word's symbols, linked in order; merging takes one away.
struct Symbol {
  TokenId id;
  int32_t previous, next;
  bool gone = false;
};

struct Merge {
  uint32_t rank;
  TokenId id;
};

struct Candidate {
  uint32_t rank;
  uint32_t at;
  TokenId id;
  bool operator<(const Candidate &other) const { return rank != other.rank ? rank > other.rank : at > other.at; }
};

class Bpe : public Model {
public:
  Bpe(Vocabulary vocabulary, BpeOptions options) : words(std::move(vocabulary)), options(std::move(options)) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      const TokenId *id = words.find(fallbackOfByte(static_cast<unsigned char>(byte)));
      bytes.push_back(id ? *id : missing);
    }
  }

  bool addMerge(std::string_view left, std::string_view right, uint32_t rank, std::string &message) {
    const std::string_view tail = right.substr(std::min(options.continuingPrefix.size(), right.size()));
    const std::string joined = std::string(left) + std::string(tail);
    const TokenId *leftId = words.find(left), *rightId = words.find(right), *id = words.find(joined);
    if (!leftId || !rightId || !id) {
      const std::string_view lost = !leftId ? left : !rightId ? right : std::string_view(joined);
      message = "BPE: merge " + std::to_string(rank) + " needs the token '" + std::string(lost.substr(0, 100)) +
                "', which the vocabulary lacks";
      return false;
    }
    merges[pair(*leftId, *rightId)] = {rank, *id};
    return true;
  }

  bool encode(std::string_view word, std::vector<TokenId> &out) const override {
    if (word.size() >= missing / 2)
      return false;
    if (options.ignoreMerges)
      if (const TokenId *whole = words.find(word)) {
        out.push_back(*whole);
        return true;
      }
    std::vector<TokenId> ids;
    if (!firstSymbols(word, ids))
      return false;
    if (ids.size() < 2)
      out.insert(out.end(), ids.begin(), ids.end());
    else
      mergeAll(ids, out);
    return true;
  }

  const Vocabulary &vocabulary() const override { return words; }

private:
  static constexpr TokenId missing = UINT32_MAX;

  static uint64_t pair(TokenId left, TokenId right) { return static_cast<uint64_t>(left) << 32 | right; }

  /// One symbol a character, bytes where the vocabulary has none.
  bool firstSymbols(std::string_view word, std::vector<TokenId> &ids) const {
    ids.reserve(word.size());
    const TokenId *unknown = options.unknown.empty() ? nullptr : words.find(options.unknown);
    bool pending = false; // an unknown token that waits for its neighbours
    std::string decorated;
    for (size_t at = 0; at < word.size();) {
      const size_t begin = at;
      decodeUtf8(word, at);
      std::string_view symbol = word.substr(begin, at - begin);
      if ((begin && !options.continuingPrefix.empty()) || (at == word.size() && !options.endSuffix.empty())) {
        decorated = (begin ? options.continuingPrefix : "") + std::string(symbol);
        if (at == word.size())
          decorated += options.endSuffix;
        symbol = decorated;
      }
      if (const TokenId *id = words.find(symbol)) {
        if (pending)
          ids.push_back(*unknown);
        pending = false;
        ids.push_back(*id);
        continue;
      }
      if (options.byteFallback && addBytes(symbol, ids))
        continue;
      if (options.unknown.empty())
        continue;
      if (!unknown)
        return false;
      if (pending && !options.fuseUnknown)
        ids.push_back(*unknown);
      pending = true;
    }
    if (pending)
      ids.push_back(*unknown);
    return true;
  }

  bool addBytes(std::string_view symbol, std::vector<TokenId> &ids) const {
    for (const char c : symbol)
      if (bytes[static_cast<unsigned char>(c)] == missing)
        return false;
    for (const char c : symbol)
      ids.push_back(bytes[static_cast<unsigned char>(c)]);
    return true;
  }

  void mergeAll(const std::vector<TokenId> &ids, std::vector<TokenId> &out) const {
    std::vector<Symbol> symbols(ids.size());
    std::vector<Candidate> start;
    const auto count = static_cast<int32_t>(ids.size());
    for (int32_t i = 0; i < count; ++i)
      symbols[i] = {ids[i], i - 1, i + 1 < count ? i + 1 : -1};
    for (int32_t i = 0; i + 1 < count; ++i)
      if (const Merge *merge = merges.find(pair(ids[i], ids[i + 1])))
        start.push_back({merge->rank, static_cast<uint32_t>(i), merge->id});
    std::priority_queue<Candidate> queue(std::less<Candidate>(), std::move(start));
    const auto consider = [&](int32_t left, int32_t right) {
      if (left < 0 || right < 0)
        return;
      if (const Merge *merge = merges.find(pair(symbols[left].id, symbols[right].id)))
        queue.push({merge->rank, static_cast<uint32_t>(left), merge->id});
    };
    while (!queue.empty()) {
      const Candidate top = queue.top();
      queue.pop();
      Symbol &left = symbols[top.at];
      if (left.gone || left.next < 0)
        continue;
      Symbol &right = symbols[left.next];
      // The pair may have changed since it was queued.
      const Merge *merge = merges.find(pair(left.id, right.id));
      if (!merge || merge->id != top.id)
        continue;
      left.id = top.id;
      left.next = right.next;
      right.gone = true;
      if (left.next >= 0)
        symbols[left.next].previous = static_cast<int32_t>(top.at);
      consider(left.previous, static_cast<int32_t>(top.at));
      consider(static_cast<int32_t>(top.at), left.next);
    }
    for (int32_t i = 0; i >= 0; i = symbols[i].next)
      out.push_back(symbols[i].id);
  }

  Vocabulary words;
  BpeOptions options;
  FlatMap<Merge> merges;
  std::vector<TokenId> bytes;
};

} // namespace

Result<ModelPtr> makeBpe(Vocabulary vocabulary, const MergeTexts &merges, BpeOptions options) {
  auto model = std::make_unique<Bpe>(std::move(vocabulary), std::move(options));
  uint32_t rank = 0;
  std::string message;
  for (const auto &[left, right] : merges)
    if (!model->addMerge(left, right, rank++, message))
      return Error{std::move(message)};
  return ModelPtr(std::move(model));
}

} // namespace tensel::text
