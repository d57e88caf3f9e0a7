// The way through the steps: added tokens are cut out first, what lies between them is normalized, cut again, split into
// words, and each word goes to the model.
#include "runtime/llm/Tokenizer.h"

#include <algorithm>

namespace tensel::text {

namespace {

constexpr size_t longestAdded = 1024;

/// Whether the word characters before `at` or from `at` on touch it.
bool wordBefore(std::string_view text, size_t at) {
  if (!at)
    return false;
  size_t previous = previousUtf8(text, at);
  return isWordChar(decodeUtf8(text, previous));
}

bool wordAfter(std::string_view text, size_t at) { return at < text.size() && isWordChar(decodeUtf8(text, at)); }

} // namespace

Result<Tokenizer> Tokenizer::fromParts(TokenizerParts parts) {
  if (!parts.model)
    return Error{"tokenizer: found no model"};
  Tokenizer tokenizer(std::move(parts));
  if (auto error = tokenizer.addTokens())
    return std::move(*error);
  return tokenizer;
}

/// Gives ids to the added tokens and builds the tries that find them.
std::optional<Error> Tokenizer::addTokens() {
  const Vocabulary &words = parts.model->vocabulary();
  auto next = static_cast<uint64_t>(words.size());
  std::vector<AddedToken> kept;
  for (AddedToken &token : parts.added) {
    if (token.content.empty())
      continue;
    if (token.content.size() > longestAdded)
      return Error{"tokenizer: found an added token of " + std::to_string(token.content.size()) + " bytes, expected at most " +
                   std::to_string(longestAdded)};
    if (const TokenId *id = addedTexts.find(token.content))
      token.id = *id;
    else if (const TokenId *known = words.find(token.content))
      token.id = *known;
    else if (next > UINT32_MAX)
      return Error{"tokenizer: found more tokens than 32 bits can number"};
    else
      token.id = static_cast<TokenId>(next++);
    addedTexts.add(token.content, token.id);
    std::string sought = token.content;
    if (token.normalized && parts.normalizer) {
      NormalizedText text{token.content, true};
      if (!parts.normalizer->apply(text))
        return Error{"tokenizer: the normalizer's pattern takes too long on the added token '" + token.content + "'"};
      sought = text.text;
    }
    const auto place = static_cast<uint32_t>(kept.size());
    (token.normalized ? normalizedTrie : rawTrie).insert(sought, place);
    addedById[token.id] = place;
    kept.push_back(std::move(token));
  }
  parts.added = std::move(kept);
  return std::nullopt;
}

/// Cuts the tokens of `trie` out of `text`, longest first at each place.
void Tokenizer::cut(NormalizedText text, const ByteTrie &trie, std::vector<Segment> &out) const {
  if (trie.empty()) {
    if (!text.text.empty())
      out.push_back({std::move(text), std::nullopt});
    return;
  }
  const std::string_view whole = text.text;
  size_t done = 0;
  const auto addText = [&](size_t end) {
    if (end > done)
      out.push_back({{std::string(whole.substr(done, end - done)), text.atOrigin && done == 0}, std::nullopt});
  };
  for (size_t at = 0; at < whole.size();) {
    const auto match = trie.longest(whole, at);
    if (!match) {
      ++at;
      continue;
    }
    const AddedToken &token = parts.added[match->value];
    size_t begin = at, end = at + match->length;
    at = end;
    if (token.singleWord && (wordBefore(whole, begin) || wordAfter(whole, end)))
      continue;
    // A match may reach into the space that an earlier one took with it.
    while (token.leftStrip && begin > done) {
      const size_t before = previousUtf8(whole, begin);
      size_t c = before;
      if (!isSpace(decodeUtf8(whole, c)))
        break;
      begin = before;
    }
    while (token.rightStrip && end < whole.size()) {
      size_t next = end;
      if (!isSpace(decodeUtf8(whole, next)))
        break;
      end = next;
    }
    begin = std::max(begin, done);
    addText(begin);
    out.push_back({{}, token.id});
    done = end;
  }
  addText(whole.size());
}

bool Tokenizer::encodeText(std::string_view bytes, std::vector<TokenId> &out, std::string &message) const {
  std::vector<Segment> raw, segments;
  cut({lossyUtf8(bytes), true}, rawTrie, raw);
  for (Segment &segment : raw) {
    if (segment.id) {
      segments.push_back(std::move(segment));
      continue;
    }
    if (parts.normalizer && !parts.normalizer->apply(segment.text)) {
      message = "tokenizer: a pattern of the normalizer takes too long on this text";
      return false;
    }
    cut(std::move(segment.text), normalizedTrie, segments);
  }
  for (Segment &segment : segments) {
    if (segment.id) {
      out.push_back(*segment.id);
      continue;
    }
    Words words;
    words.text = std::move(segment.text.text);
    words.spans.push_back({0, words.text.size(), segment.text.atOrigin});
    if (parts.preTokenizer && !parts.preTokenizer->apply(words)) {
      message = "tokenizer: a pattern of the pre-tokenizer takes too long on this text";
      return false;
    }
    for (const Words::Span &span : words.spans)
      if (!parts.model->encode(words.word(span), out)) {
        message = "tokenizer: found text that no token covers, and the vocabulary has no unknown token";
        return false;
      }
  }
  return true;
}

std::vector<TokenId> Tokenizer::applyPost(const std::vector<TokenId> &first, const std::vector<TokenId> *second,
                                          std::vector<uint32_t> &types) const {
  // The first template works on the texts, those behind it on what the one before made, as a single text.
  std::vector<TokenId> ids;
  bool begun = false;
  for (const PostTemplate &post : parts.post) {
    std::vector<TokenId> made;
    std::vector<uint32_t> madeTypes;
    for (const PostTemplate::Item &item : !begun && second ? post.pair : post.single) {
      if (item.kind == PostTemplate::Item::Kind::Token) {
        made.push_back(item.id);
        madeTypes.push_back(item.type);
        continue;
      }
      const bool isFirst = item.kind == PostTemplate::Item::Kind::First;
      if (!isFirst && !second)
        continue;
      const std::vector<TokenId> &text = begun ? ids : isFirst ? first : *second;
      made.insert(made.end(), text.begin(), text.end());
      madeTypes.insert(madeTypes.end(), text.size(), item.type);
    }
    ids = std::move(made);
    types = std::move(madeTypes);
    begun = true;
  }
  if (!begun) {
    ids = first;
    types.assign(first.size(), 0);
    if (second) {
      ids.insert(ids.end(), second->begin(), second->end());
      types.insert(types.end(), second->size(), 1);
    }
  }
  return ids;
}

Result<Encoding> Tokenizer::encodePair(std::string_view first, const std::string_view *second, bool addSpecial) const {
  std::string message;
  std::vector<TokenId> firstIds, secondIds;
  if (!encodeText(first, firstIds, message) || (second && !encodeText(*second, secondIds, message)))
    return Error{std::move(message)};
  Encoding out;
  if (addSpecial) {
    out.ids = applyPost(firstIds, second ? &secondIds : nullptr, out.types);
    return out;
  }
  out.ids = std::move(firstIds);
  out.types.assign(out.ids.size(), 0);
  out.ids.insert(out.ids.end(), secondIds.begin(), secondIds.end());
  out.types.resize(out.ids.size(), 1);
  return out;
}

Result<std::vector<TokenId>> Tokenizer::encode(std::string_view text, bool addSpecial) const {
  Result<Encoding> encoding = encodePair(text, nullptr, addSpecial);
  if (!encoding)
    return encoding.takeError();
  return std::move(encoding->ids);
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool skipSpecial) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const TokenId id : ids)
    if (const std::string *text = textOf(id))
      if (!skipSpecial || !isSpecial(id))
        tokens.push_back(*text);
  std::string out;
  if (parts.decoder) {
    if (!tokens.empty())
      parts.decoder->apply(tokens);
    for (const std::string &token : tokens)
      out += token;
    return out;
  }
  for (size_t i = 0; i < tokens.size(); ++i)
    out += (i ? " " : "") + tokens[i];
  return out;
}

std::optional<TokenId> Tokenizer::idOf(std::string_view token) const {
  if (const TokenId *id = addedTexts.find(token))
    return *id;
  const TokenId *id = parts.model->vocabulary().find(token);
  return id ? std::optional(*id) : std::nullopt;
}

const std::string *Tokenizer::textOf(TokenId id) const {
  const uint32_t *place = addedById.find(id);
  return place ? &parts.added[*place].content : parts.model->vocabulary().text(id);
}

bool Tokenizer::isSpecial(TokenId id) const {
  const uint32_t *place = addedById.find(id);
  return place && parts.added[*place].special;
}

size_t Tokenizer::size() const {
  size_t more = 0;
  for (const AddedToken &token : parts.added)
    more += !parts.model->vocabulary().find(token.content);
  return parts.model->vocabulary().size() + more;
}

} // namespace tensel::text
