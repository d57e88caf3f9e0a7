// Models that look for the longest token: WordPiece (all of a word or nothing), whole words, and RWKV's greedy trie.
#include "runtime/llm/ByteTrie.h"
#include "runtime/llm/Steps.h"

namespace tensel::text {

namespace {

class WordPiece : public Model {
public:
  WordPiece(Vocabulary vocabulary, const std::deque<std::pair<std::string, TokenId>> &tokens, WordPieceOptions options)
      : words(std::move(vocabulary)), options(std::move(options)) {
    for (const auto &[text, id] : tokens) {
      first.insert(text, id);
      if (text.starts_with(this->options.continuingPrefix))
        later.insert(std::string_view(text).substr(this->options.continuingPrefix.size()), id);
    }
  }

  bool encode(std::string_view word, std::vector<TokenId> &out) const override {
    const size_t begin = out.size();
    bool good = countUtf8(word) <= options.longestWord;
    for (size_t at = 0; good && at < word.size();) {
      const auto match = (at ? later : first).longest(word, at);
      good = match.has_value();
      if (good) {
        out.push_back(match->value);
        at += match->length;
      }
    }
    if (good)
      return true;
    out.resize(begin);
    const TokenId *unknown = words.find(options.unknown);
    if (unknown)
      out.push_back(*unknown);
    return unknown != nullptr;
  }

  const Vocabulary &vocabulary() const override { return words; }

private:
  Vocabulary words;
  ByteTrie first, later;
  WordPieceOptions options;
};

class WordLevel : public Model {
public:
  WordLevel(Vocabulary vocabulary, std::string unknown) : words(std::move(vocabulary)), unknown(std::move(unknown)) {}

  bool encode(std::string_view word, std::vector<TokenId> &out) const override {
    const TokenId *id = words.find(word);
    if (!id)
      id = words.find(unknown);
    if (id)
      out.push_back(*id);
    return id != nullptr;
  }

  const Vocabulary &vocabulary() const override { return words; }

private:
  Vocabulary words;
  std::string unknown;
};

class Greedy : public Model {
public:
  Greedy(Vocabulary vocabulary, const std::deque<std::pair<std::string, TokenId>> &tokens) : words(std::move(vocabulary)) {
    for (const auto &[text, id] : tokens)
      trie.insert(text, id);
  }

  bool encode(std::string_view word, std::vector<TokenId> &out) const override {
    for (size_t at = 0; at < word.size();) {
      const auto match = trie.longest(word, at);
      if (!match)
        return false;
      out.push_back(match->value);
      at += match->length;
    }
    return true;
  }

  const Vocabulary &vocabulary() const override { return words; }

private:
  Vocabulary words;
  ByteTrie trie;
};

std::deque<std::pair<std::string, TokenId>> listTokens(const Vocabulary &vocabulary) {
  std::deque<std::pair<std::string, TokenId>> out;
  vocabulary.each([&](const std::string &text, TokenId id) { out.emplace_back(text, id); });
  return out;
}

} // namespace

ModelPtr makeWordPiece(Vocabulary vocabulary, WordPieceOptions options) {
  const auto tokens = listTokens(vocabulary);
  return std::make_unique<WordPiece>(std::move(vocabulary), tokens, std::move(options));
}

ModelPtr makeWordLevel(Vocabulary vocabulary, std::string unknown) {
  return std::make_unique<WordLevel>(std::move(vocabulary), std::move(unknown));
}

ModelPtr makeGreedy(Vocabulary vocabulary) {
  const auto tokens = listTokens(vocabulary);
  return std::make_unique<Greedy>(std::move(vocabulary), tokens);
}

} // namespace tensel::text
