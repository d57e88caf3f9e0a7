// The unigram model: the best path over all pieces by dynamic programming; pieces are at most 1024 bytes, so it is linear.
#include "runtime/llm/ByteTrie.h"
#include "runtime/llm/Steps.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tensel::text {

namespace {

constexpr double unknownPenalty = 10.0;

class Unigram : public Model {
public:
  Unigram(const std::deque<UnigramPiece> &pieces, int64_t unknown, bool byteFallback)
      : unknown(unknown), byteFallback(byteFallback) {
    words.reserve(pieces.size());
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < pieces.size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      words.add(pieces[i].text, id);
      trie.insert(pieces[i].text, id);
      scores.push_back(pieces[i].score);
      least = std::min(least, pieces[i].score);
    }
    unknownScore = least - unknownPenalty;
  }

  bool encode(std::string_view word, std::vector<TokenId> &out) const override {
    struct Node {
      double score = 0;
      int64_t from = -1;
      int64_t id = 0;
    };
    std::vector<Node> nodes(word.size() + 1);
    for (size_t at = 0; at < word.size();) {
      const double before = nodes[at].score;
      size_t next = at;
      decodeUtf8(word, next);
      bool single = false;
      const auto offer = [&](size_t end, double score, int64_t id) {
        Node &node = nodes[end];
        if (node.from < 0 || score > node.score)
          node = {score, static_cast<int64_t>(at), id};
      };
      trie.eachPrefix(word, at, [&](size_t length, TokenId id) {
        offer(at + length, scores[id] + before, id);
        single |= at + length == next;
      });
      if (!single) {
        if (unknown < 0)
          return false;
        offer(next, unknownScore + before, unknown);
      }
      at = next;
    }
    // Back along the best path; neighbouring unknown pieces become one.
    struct Piece {
      size_t begin, end;
      bool isUnknown;
    };
    std::vector<Piece> pieces;
    for (size_t end = word.size(); end > 0;) {
      const auto begin = static_cast<size_t>(nodes[end].from);
      const bool isUnknown = nodes[end].id == unknown;
      if (isUnknown && !pieces.empty() && pieces.back().isUnknown)
        pieces.back().begin = begin;
      else
        pieces.push_back({begin, end, isUnknown});
      end = begin;
    }
    for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece)
      add(word.substr(piece->begin, piece->end - piece->begin), out);
    return true;
  }

  const Vocabulary &vocabulary() const override { return words; }

private:
  void add(std::string_view text, std::vector<TokenId> &out) const {
    if (const TokenId *id = words.find(text)) {
      out.push_back(*id);
      return;
    }
    const size_t begin = out.size();
    for (const char c : byteFallback ? text : std::string_view()) {
      const TokenId *id = words.find(fallbackOfByte(static_cast<unsigned char>(c)));
      if (!id) {
        out.resize(begin);
        break;
      }
      out.push_back(*id);
    }
    if (out.size() == begin)
      out.push_back(static_cast<TokenId>(unknown));
  }

  Vocabulary words;
  ByteTrie trie;
  std::vector<double> scores;
  double unknownScore = 0;
  int64_t unknown;
  bool byteFallback;
};

} // namespace

Result<ModelPtr> makeUnigram(const std::deque<UnigramPiece> &pieces, int64_t unknown, bool byteFallback) {
  if (unknown >= static_cast<int64_t>(pieces.size()))
    return Error{"Unigram: found unk_id " + std::to_string(unknown) + ", expected less than " + std::to_string(pieces.size())};
  for (const UnigramPiece &piece : pieces) {
    if (piece.text.size() > 1024)
      return Error{"Unigram: found a piece of " + std::to_string(piece.text.size()) + " bytes, expected at most 1024"};
    if (std::isnan(piece.score))
      return Error{"Unigram: found a score that is not a number"};
  }
  return ModelPtr(std::make_unique<Unigram>(pieces, unknown, byteFallback));
}

} // namespace tensel::text
