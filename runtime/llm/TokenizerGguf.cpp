// Tokenizers from GGUF metadata. The file names a kind and, for byte-level BPE, a pre-tokenizer; the steps that the model's
// tokenizer.json would have listed are put together here.
#include "runtime/llm/Tokenizer.h"

#include <algorithm>

namespace tensel::text {

namespace {

constexpr int32_t typeUnknown = 2, typeControl = 3, typeUser = 4;
constexpr std::string_view metaspace = "\xE2\x96\x81";

constexpr const char *gpt2Words = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
constexpr const char *llama3Words = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
                                    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr const char *qwen2Words = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
                                   "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr const char *gpt4oWords =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr const char *tekkenWords = "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
                                    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|"
                                    "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr const char *bloomWords = " ?[^(\\s|[.,!?…。，、।۔،])]+";
constexpr const char *deepseekWords =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
    " ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/// A pre-tokenizer: the texts are cut at the matches of each pattern in turn.
struct Family {
  std::string_view names; ///< with spaces around each
  std::vector<const char *> patterns;
  bool digits = false;       ///< every digit alone, before the patterns
  bool ignoreMerges = false; ///< a word that is a token is taken whole
};

const std::vector<Family> &families() {
  static const std::vector<Family> all = {
      {" gpt-2 gpt2 mpt olmo jais phi-2 roberta-bpe gigachat jina-es jina-de a.x-4.0 mellum default  ", {gpt2Words}},
      {" smollm starcoder refact command-r codeshell exaone minerva-7b ", {gpt2Words}, true},
      {" llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 ", {llama3Words}, false, true},
      {" dbrx smaug-bpe chatglm-bpe glm4 chatglm4 ", {llama3Words}},
      {" qwen2 deepseek-r1-qwen stablelm2 hunyuan megrez kormo solar-open ", {qwen2Words}},
      {" gpt-4o llama4 minimax-m2 ", {gpt4oWords}},
      {" tekken ", {tekkenWords}, false, true},
      {" bloom poro-chat gpt3-finnish ", {bloomWords}},
      {" deepseek-v3 hunyuan-dense ", {"\\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", deepseekWords}},
      {" deepseek-coder ", {"[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+", "\\p{N}"}},
      {" falcon ", {"[\\p{P}$+<=>^~|`]+", gpt2Words, "[0-9][0-9][0-9]"}},
  };
  return all;
}

const Family *findFamily(std::string_view pre) {
  const std::string sought = " " + std::string(pre) + " ";
  for (const Family &family : families())
    if (family.names.find(sought) != std::string_view::npos)
      return &family;
  return nullptr;
}

Result<PreTokenizerPtr> makeFamily(const Family &family) {
  std::vector<PreTokenizerPtr> steps;
  if (family.digits)
    steps.push_back(makeDigits(true));
  for (const char *source : family.patterns) {
    auto pattern = Pattern::compile(source);
    if (!pattern)
      return pattern.takeError();
    steps.push_back(makeSplit(std::move(*pattern), SplitBehavior::Isolated, false));
  }
  steps.push_back(makeByteLevel(false, false));
  return makePreTokenizerSequence(std::move(steps));
}

Vocabulary readTokens(const GgufVocabulary &gguf) {
  Vocabulary out;
  out.reserve(gguf.tokens.size());
  for (size_t i = 0; i < gguf.tokens.size(); ++i)
    if (!out.find(gguf.tokens[i])) // the first of equal texts is the one to encode with
      out.add(gguf.tokens[i], static_cast<TokenId>(i));
  return out;
}

std::optional<Error> makeByteLevelBpe(const GgufVocabulary &gguf, TokenizerParts &parts) {
  const Family *family = findFamily(gguf.pre);
  if (!family) {
    std::string known;
    for (const Family &one : families())
      known += one.names.substr(0, one.names.size() - 1);
    return Error{"GGUF: found the pre-tokenizer '" + gguf.pre + "' (tokenizer.ggml.pre), expected one of" + known};
  }
  auto pre = makeFamily(*family);
  if (!pre)
    return pre.takeError();
  parts.preTokenizer = std::move(*pre);
  MergeTexts merges;
  for (const std::string &merge : gguf.merges) {
    const size_t space = merge.find(' ', 1);
    if (space == std::string::npos)
      return Error{"GGUF: merge " + std::to_string(merges.size()) + " is not two texts"};
    merges.emplace_back(std::string_view(merge).substr(0, space), std::string_view(merge).substr(space + 1));
  }
  BpeOptions options;
  options.ignoreMerges = family->ignoreMerges;
  auto model = makeBpe(readTokens(gguf), merges, options);
  if (!model)
    return model.takeError();
  parts.model = std::move(*model);
  parts.decoder = makeByteLevelDecoder();
  return std::nullopt;
}

/// What SentencePiece does with spaces: one in front, all of them as U+2581.
NormalizerPtr makeSpaces(bool prefix, bool removeExtra) {
  std::vector<NormalizerPtr> steps;
  if (removeExtra) {
    steps.push_back(makeStrip(true, true));
    if (auto spaces = Pattern::compile(" {2,}"))
      steps.push_back(makeReplace(std::move(*spaces), " "));
  }
  if (prefix)
    steps.push_back(makePrepend(std::string(metaspace)));
  steps.push_back(makeReplace(Pattern::literal(" "), std::string(metaspace)));
  return makeNormalizerSequence(std::move(steps));
}

DecoderPtr makeSpaceDecoder(bool prefix) {
  std::vector<DecoderPtr> steps;
  steps.push_back(makeReplaceDecoder(Pattern::literal(metaspace), " "));
  steps.push_back(makeByteFallbackDecoder());
  steps.push_back(makeFuseDecoder());
  if (prefix)
    steps.push_back(makeStripDecoder(U' ', 1, 0));
  return makeDecoderSequence(std::move(steps));
}

void makeSentencePiece(const GgufVocabulary &gguf, TokenizerParts &parts) {
  const bool prefix = gguf.addSpacePrefix.value_or(true);
  parts.normalizer = makeSpaces(prefix, false);
  parts.model = makeScoredBpe(readTokens(gguf), gguf.scores, gguf.unknown.value_or(0));
  parts.decoder = makeSpaceDecoder(prefix);
}

std::optional<Error> makeT5(const GgufVocabulary &gguf, TokenizerParts &parts) {
  std::vector<NormalizerPtr> steps;
  if (!gguf.charsMap.empty()) {
    auto table = makePrecompiled(gguf.charsMap);
    if (!table)
      return table.takeError();
    steps.push_back(std::move(*table));
  }
  const bool prefix = gguf.addSpacePrefix.value_or(true);
  steps.push_back(makeSpaces(prefix, gguf.removeExtraSpaces.value_or(true)));
  parts.normalizer = makeNormalizerSequence(std::move(steps));
  std::deque<UnigramPiece> pieces;
  for (size_t i = 0; i < gguf.tokens.size(); ++i)
    pieces.push_back({gguf.tokens[i], gguf.scores.empty() ? 0.0 : gguf.scores[i]});
  auto model = makeUnigram(pieces, gguf.unknown.value_or(2), false);
  if (!model)
    return model.takeError();
  parts.model = std::move(*model);
  parts.decoder = makeSpaceDecoder(prefix);
  return std::nullopt;
}

/// GGUF writes "##ing" as "ing" and "in" as U+2581 "in"; here they get their own spelling back.
void makeBert(const GgufVocabulary &gguf, TokenizerParts &parts) {
  Vocabulary vocabulary;
  vocabulary.reserve(gguf.tokens.size());
  WordPieceOptions options;
  for (size_t i = 0; i < gguf.tokens.size(); ++i) {
    const std::string &token = gguf.tokens[i];
    const bool special = !gguf.types.empty() && (gguf.types[i] == typeControl || gguf.types[i] == typeUnknown);
    const bool bracketed = token.starts_with("[") && token.ends_with("]") && token.size() > 2;
    std::string text = special || bracketed ? token : "##" + token;
    if (token.starts_with(metaspace) && token.size() > metaspace.size())
      text = token.substr(metaspace.size());
    if (gguf.unknown == static_cast<TokenId>(i))
      options.unknown = text;
    if (!vocabulary.find(text))
      vocabulary.add(text, static_cast<TokenId>(i));
  }
  parts.normalizer = makeBertNormalizer({});
  parts.preTokenizer = makeBertPreTokenizer();
  parts.model = makeWordPiece(std::move(vocabulary), options);
  parts.decoder = makeWordPieceDecoder("##", true);
}

/// RWKV's tokens are bytes, spelled as Python's repr does.
std::string unescape(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '\\' || i + 1 == token.size()) {
      out += token[i];
      continue;
    }
    const char kind = token[++i];
    const int byte = kind == 'x' ? byteOfFallback("<0x" + std::string(token.substr(i + 1, 2)) + ">") : -1;
    if (byte >= 0)
      i += 2;
    out += byte >= 0 ? static_cast<char>(byte) : kind == 't' ? '\t' : kind == 'n' ? '\n' : kind == 'r' ? '\r' : kind;
  }
  return out;
}

void makeRwkv(const GgufVocabulary &gguf, TokenizerParts &parts) {
  Vocabulary vocabulary;
  vocabulary.reserve(gguf.tokens.size());
  for (size_t i = 0; i < gguf.tokens.size(); ++i)
    vocabulary.add(unescape(gguf.tokens[i]), static_cast<TokenId>(i));
  parts.model = makeGreedy(std::move(vocabulary));
  parts.decoder = makeLossyDecoder();
}

std::optional<Error> addAround(const GgufVocabulary &gguf, TokenizerParts &parts) {
  const bool bert = gguf.model == "bert", t5 = gguf.model == "t5", llama = gguf.model == "llama";
  const auto check = [&](const std::optional<TokenId> &id, const char *name) -> std::optional<Error> {
    if (!id || *id < gguf.tokens.size())
      return std::nullopt;
    return Error{std::string("GGUF: found ") + name + " " + std::to_string(*id) + ", expected less than " +
                 std::to_string(gguf.tokens.size())};
  };
  for (const auto &[id, name] : {std::pair(gguf.bos, "bos_token_id"), std::pair(gguf.eos, "eos_token_id"),
                                 std::pair(gguf.separator, "seperator_token_id"), std::pair(gguf.unknown, "unknown_token_id")})
    if (auto error = check(id, name))
      return error;
  using Item = PostTemplate::Item;
  const auto begin = gguf.bos;
  const auto end = bert && gguf.separator ? gguf.separator : gguf.eos;
  const Family *family = gguf.model == "gpt2" ? findFamily(gguf.pre) : nullptr;
  const bool atBegin = gguf.addBos.value_or(bert || llama || (family && family->ignoreMerges));
  const bool atEnd = gguf.addEos.value_or(bert || t5);
  PostTemplate post;
  const auto put = [](std::vector<Item> &out, const std::optional<TokenId> &id, bool wanted, uint32_t type) {
    if (id && wanted)
      out.push_back({Item::Kind::Token, *id, type});
  };
  put(post.single, begin, atBegin, 0);
  post.single.push_back({Item::Kind::First, 0, 0});
  put(post.single, end, atEnd, 0);
  post.pair = post.single;
  post.pair.push_back({Item::Kind::Second, 0, 1});
  put(post.pair, end, atEnd, 1);
  parts.post.push_back(std::move(post));
  return std::nullopt;
}

} // namespace

Result<Tokenizer> Tokenizer::fromGguf(const GgufVocabulary &gguf) {
  const size_t count = gguf.tokens.size();
  if (count == 0 || count >= UINT32_MAX / 2)
    return Error{"GGUF: found " + std::to_string(count) + " tokens (tokenizer.ggml.tokens), expected at least one"};
  if ((!gguf.scores.empty() && gguf.scores.size() != count) || (!gguf.types.empty() && gguf.types.size() != count))
    return Error{"GGUF: found " + std::to_string(gguf.scores.size()) + " scores and " + std::to_string(gguf.types.size()) +
                 " types, expected none or one for each of " + std::to_string(count) + " tokens"};
  for (size_t i = 0; i < count; ++i)
    if (!isUtf8(gguf.tokens[i]))
      return Error{"GGUF: token " + std::to_string(i) + " is not UTF-8"};
  TokenizerParts parts;
  std::optional<Error> error;
  if (gguf.model == "gpt2")
    error = makeByteLevelBpe(gguf, parts);
  else if (gguf.model == "llama")
    makeSentencePiece(gguf, parts);
  else if (gguf.model == "t5")
    error = makeT5(gguf, parts);
  else if (gguf.model == "bert")
    makeBert(gguf, parts);
  else if (gguf.model == "rwkv")
    makeRwkv(gguf, parts);
  else
    error =
        Error{"GGUF: found the tokenizer '" + gguf.model + "' (tokenizer.ggml.model), expected gpt2, llama, t5, bert or rwkv"};
  if (!error)
    error = addAround(gguf, parts);
  if (error)
    return std::move(*error);
  for (size_t i = 0; i < gguf.types.size(); ++i) {
    const int32_t type = gguf.types[i];
    if (type != typeControl && type != typeUser && type != typeUnknown)
      continue;
    AddedToken token;
    token.content = gguf.tokens[i];
    if (gguf.model == "rwkv")
      token.content = unescape(token.content);
    token.special = type != typeUser;
    parts.added.push_back(std::move(token));
  }
  return fromParts(std::move(parts));
}

} // namespace tensel::text
