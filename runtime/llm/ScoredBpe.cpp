// SentencePiece's BPE without a list of merges: two neighbours merge when their text is a token, best score first.
#include "runtime/llm/Steps.h"

#include <queue>

namespace tensel::text {

namespace {

struct Part {
  size_t begin, end;
  int32_t previous, next;
};

struct Candidate {
  float score;
  int32_t left;
  size_t length; // of the merged text, to see whether it still stands
  int32_t right;
  bool operator<(const Candidate &other) const { return score != other.score ? score < other.score : left > other.left; }
};

class ScoredBpe : public Model {
public:
  ScoredBpe(Vocabulary vocabulary, std::vector<float> scores, TokenId unknown)
      : words(std::move(vocabulary)), scores(std::move(scores)), unknown(unknown) {}

  bool encode(std::string_view word, std::vector<TokenId> &out) const override {
    if (word.size() >= INT32_MAX)
      return false;
    std::vector<Part> parts;
    for (size_t at = 0; at < word.size();) {
      const size_t begin = at;
      decodeUtf8(word, at);
      const auto index = static_cast<int32_t>(parts.size());
      parts.push_back({begin, at, index - 1, at < word.size() ? index + 1 : -1});
    }
    std::priority_queue<Candidate> queue;
    const auto consider = [&](int32_t left, int32_t right) {
      if (left < 0 || right < 0)
        return;
      const size_t length = parts[right].end - parts[left].begin;
      if (length > words.longest())
        return;
      const TokenId *id = words.find(word.substr(parts[left].begin, length));
      if (id)
        queue.push({*id < scores.size() ? scores[*id] : 0.0F, left, length, right});
    };
    for (size_t i = 1; i < parts.size(); ++i)
      consider(static_cast<int32_t>(i - 1), static_cast<int32_t>(i));
    while (!queue.empty()) {
      const Candidate top = queue.top();
      queue.pop();
      Part &left = parts[top.left];
      // A part that was merged away is empty; one that grew has another length.
      if (left.begin == left.end || left.next != top.right || parts[top.right].end - left.begin != top.length)
        continue;
      Part &right = parts[top.right];
      left.end = right.end;
      left.next = right.next;
      right.begin = right.end;
      if (left.next >= 0)
        parts[left.next].previous = top.left;
      consider(left.previous, top.left);
      consider(top.left, left.next);
    }
    for (int32_t i = parts.empty() ? -1 : 0; i >= 0; i = parts[i].next)
      add(word.substr(parts[i].begin, parts[i].end - parts[i].begin), out);
    return true;
  }

  const Vocabulary &vocabulary() const override { return words; }

private:
  void add(std::string_view text, std::vector<TokenId> &out) const {
    if (const TokenId *id = words.find(text)) {
      out.push_back(*id);
      return;
    }
    for (const char c : text) {
      const TokenId *byte = words.find(fallbackOfByte(static_cast<unsigned char>(c)));
      out.push_back(byte ? *byte : unknown);
    }
  }

  Vocabulary words;
  std::vector<float> scores;
  TokenId unknown;
};

} // namespace

ModelPtr makeScoredBpe(Vocabulary vocabulary, std::vector<float> scores, TokenId unknown) {
  return std::make_unique<ScoredBpe>(std::move(vocabulary), std::move(scores), unknown);
}

} // namespace tensel::text
