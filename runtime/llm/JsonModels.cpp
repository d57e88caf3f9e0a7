// The model of a tokenizer.json: BPE, Unigram, WordPiece or WordLevel, with its vocabulary.
#include "runtime/llm/JsonSteps.h"

namespace tensel::text {

namespace {

std::string textOrEmpty(const Json &json, std::string_view name) { return std::string(json.getString(name, "")); }

Result<Vocabulary> readVocabulary(const Json &json, std::string_view type) {
  const Json *vocab = json.get("vocab");
  if (!vocab || !vocab->isObject())
    return Error{std::string(type) + ": found " + (vocab ? vocab->kindName() : "nothing") + " for 'vocab', expected an object"};
  Vocabulary out;
  out.reserve(vocab->count);
  for (const Json &member : JsonMembers(*vocab)) {
    if (!member.isInteger() || member.integer < 0 || member.integer > UINT32_MAX)
      return Error{std::string(type) + ": the token '" + std::string(member.key.substr(0, 100)) +
                   "' has no id of 32 bits in 'vocab'"};
    out.add(member.key, static_cast<TokenId>(member.integer));
  }
  return out;
}

Result<MergeTexts> readMerges(const Json &json) {
  const Json *merges = json.get("merges");
  if (!merges || !merges->isArray())
    return Error{"BPE: expected a list 'merges'"};
  MergeTexts out;
  for (const Json &merge : JsonMembers(*merges)) {
    if (merge.isArray() && merge.count == 2 && merge.first->isString() && merge.first->next->isString()) {
      out.emplace_back(merge.first->string, merge.first->next->string);
      continue;
    }
    const size_t space = merge.isString() ? merge.string.find(' ') : std::string_view::npos;
    if (merge.isString() && merge.string.starts_with("#version"))
      continue;
    if (space == std::string_view::npos || merge.string.find(' ', space + 1) != std::string_view::npos)
      return Error{"BPE: merge " + std::to_string(out.size()) + " is not two texts"};
    out.emplace_back(merge.string.substr(0, space), merge.string.substr(space + 1));
  }
  return out;
}

Result<ModelPtr> readBpe(const Json &json) {
  auto vocabulary = readVocabulary(json, "BPE");
  if (!vocabulary)
    return vocabulary.takeError();
  auto merges = readMerges(json);
  if (!merges)
    return merges.takeError();
  BpeOptions options;
  options.unknown = textOrEmpty(json, "unk_token");
  options.continuingPrefix = textOrEmpty(json, "continuing_subword_prefix");
  options.endSuffix = textOrEmpty(json, "end_of_word_suffix");
  options.fuseUnknown = json.getBool("fuse_unk", false);
  options.byteFallback = json.getBool("byte_fallback", false);
  options.ignoreMerges = json.getBool("ignore_merges", false);
  return makeBpe(std::move(*vocabulary), *merges, std::move(options));
}

Result<ModelPtr> readUnigram(const Json &json) {
  const Json *vocab = json.get("vocab");
  if (!vocab || !vocab->isArray())
    return Error{"Unigram: expected a list 'vocab'"};
  std::deque<UnigramPiece> pieces;
  for (const Json &item : JsonMembers(*vocab)) {
    if (!item.isArray() || item.count != 2 || !item.first->isString() || !item.first->next->isNumber())
      return Error{"Unigram: piece " + std::to_string(pieces.size()) + " is not a text and a score"};
    pieces.push_back({item.first->string, item.first->next->number});
  }
  const Json *unknown = json.get("unk_id");
  if (unknown && (!unknown->isInteger() || unknown->integer < 0))
    return Error{"Unigram: found an unk_id that is not a place in 'vocab'"};
  return makeUnigram(pieces, unknown ? unknown->integer : -1, json.getBool("byte_fallback", false));
}

Result<ModelPtr> readWordPiece(const Json &json) {
  auto vocabulary = readVocabulary(json, "WordPiece");
  if (!vocabulary)
    return vocabulary.takeError();
  WordPieceOptions options;
  options.unknown = json.getString("unk_token", options.unknown);
  options.continuingPrefix = json.getString("continuing_subword_prefix", options.continuingPrefix);
  const Json *longest = json.get("max_input_chars_per_word");
  if (longest && longest->isInteger() && longest->integer >= 0)
    options.longestWord = static_cast<size_t>(longest->integer);
  return makeWordPiece(std::move(*vocabulary), std::move(options));
}

} // namespace

Result<ModelPtr> readModel(const Json &json) {
  std::string_view type = json.getString("type", "");
  // Old files do not say; their members do.
  if (type.empty() && json.isObject()) {
    const Json *vocab = json.get("vocab");
    if (json.get("merges"))
      type = "BPE";
    else if (vocab && vocab->isArray())
      type = "Unigram";
    else
      type = json.get("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
  }
  if (type == "BPE")
    return readBpe(json);
  if (type == "Unigram")
    return readUnigram(json);
  if (type == "WordPiece")
    return readWordPiece(json);
  if (type == "WordLevel") {
    auto vocabulary = readVocabulary(json, type);
    if (!vocabulary)
      return vocabulary.takeError();
    return makeWordLevel(std::move(*vocabulary), std::string(json.getString("unk_token", "<unk>")));
  }
  return Error{"model: found the type '" + std::string(type) + "', expected one of BPE, Unigram, WordPiece, WordLevel"};
}

} // namespace tensel::text
