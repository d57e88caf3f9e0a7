// Normalizers, pre-tokenizers and decoders from tokenizer.json. Defaults are those of the `tokenizers` package.
#include "runtime/llm/JsonSteps.h"

namespace tensel::text {

namespace {

Error unknownType(const char *what, std::string_view found, const char *known) {
  return Error{std::string(what) + ": found the type '" + std::string(found) + "', expected one of " + known};
}

/// Reads the steps of a Sequence, which is a list under `name`.
template <typename Ptr, typename Read>
Result<std::vector<Ptr>> readSteps(const Json &json, const char *what, std::string_view name, Read read) {
  const Json *list = json.get(name);
  if (!list || !list->isArray())
    return Error{std::string(what) + ": expected a list '" + std::string(name) + "' in a Sequence"};
  std::vector<Ptr> steps;
  for (const Json &item : JsonMembers(*list)) {
    Result<Ptr> step = read(item);
    if (!step)
      return step.takeError();
    steps.push_back(std::move(*step));
  }
  return steps;
}

Result<std::string> readText(const Json &json, const char *what, std::string_view name) {
  const Json *value = json.get(name);
  if (!value || !value->isString())
    return Error{std::string(what) + ": found " + (value ? value->kindName() : "nothing") + " for '" + std::string(name) +
                 "', expected a string"};
  return std::string(value->string);
}

Result<char32_t> readChar(const Json &json, const char *what, std::string_view name) {
  Result<std::string> text = readText(json, what, name);
  if (!text)
    return text.takeError();
  size_t at = 0;
  if (text->empty())
    return Error{std::string(what) + ": found an empty '" + std::string(name) + "', expected one character"};
  const char32_t c = decodeUtf8(*text, at);
  if (at != text->size())
    return Error{std::string(what) + ": found '" + *text + "' for '" + std::string(name) + "', expected one character"};
  return c;
}

Result<SplitBehavior> readBehavior(const Json &json, SplitBehavior otherwise) {
  const std::string_view name = json.getString("behavior", "");
  if (name.empty())
    return otherwise;
  if (name == "Removed")
    return SplitBehavior::Removed;
  if (name == "Isolated")
    return SplitBehavior::Isolated;
  if (name == "MergedWithPrevious")
    return SplitBehavior::MergedWithPrevious;
  if (name == "MergedWithNext")
    return SplitBehavior::MergedWithNext;
  if (name == "Contiguous")
    return SplitBehavior::Contiguous;
  return Error{"pre-tokenizer: found the behavior '" + std::string(name) +
               "', expected one of Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous"};
}

size_t readCount(const Json &json, std::string_view name, size_t otherwise) {
  const Json *value = json.get(name);
  return value && value->isInteger() && value->integer >= 0 ? static_cast<size_t>(value->integer) : otherwise;
}

Result<std::string> decodeBase64(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  while (!text.empty() && text.back() == '=')
    text.remove_suffix(1);
  for (const char c : text) {
    int value = -1;
    if (c >= 'A' && c <= 'Z')
      value = c - 'A';
    else if (c >= 'a' && c <= 'z')
      value = c - 'a' + 26;
    else if (c >= '0' && c <= '9')
      value = c - '0' + 52;
    else if (c == '+' || c == '/')
      value = c == '+' ? 62 : 63;
    if (value < 0)
      return Error{"precompiled normalizer: found a character that is not base64"};
    bits = bits << 6 | static_cast<uint32_t>(value);
    if ((count += 6) >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return out;
}

} // namespace

Result<Pattern> readPattern(const Json &owner) {
  const Json *pattern = owner.get("pattern");
  const Json *text = pattern ? pattern->get("String") : nullptr;
  const Json *expression = pattern ? pattern->get("Regex") : nullptr;
  if (pattern && pattern->isString())
    text = pattern;
  if (text && text->isString() && !text->string.empty())
    return Pattern::literal(text->string);
  if (expression && expression->isString())
    return Pattern::compile(expression->string);
  return Error{"tokenizer: expected a pattern that is a String or a Regex"};
}

Result<PrependScheme> readPrependScheme(const Json &json) {
  const std::string_view scheme = json.getString("prepend_scheme", "always");
  const bool prefix = json.getBool("add_prefix_space", true);
  if (scheme == "never" || (!prefix && !json.get("prepend_scheme")))
    return PrependScheme::Never;
  if (!prefix)
    return Error{"Metaspace: found add_prefix_space false with the prepend_scheme '" + std::string(scheme) +
                 "', expected 'never'"};
  if (scheme == "first")
    return PrependScheme::First;
  if (scheme == "always")
    return PrependScheme::Always;
  return Error{"Metaspace: found the prepend_scheme '" + std::string(scheme) + "', expected first, never or always"};
}

Result<NormalizerPtr> readNormalizer(const Json &json) {
  const std::string_view type = json.getString("type", "");
  if (type == "Sequence") {
    auto steps = readSteps<NormalizerPtr>(json, "normalizer", "normalizers", readNormalizer);
    return steps ? Result<NormalizerPtr>(makeNormalizerSequence(std::move(*steps))) : steps.takeError();
  }
  if (type == "NFC")
    return makeUnicodeNormalizer(NormalForm::Nfc);
  if (type == "NFD")
    return makeUnicodeNormalizer(NormalForm::Nfd);
  if (type == "NFKC")
    return makeUnicodeNormalizer(NormalForm::Nfkc);
  if (type == "NFKD")
    return makeUnicodeNormalizer(NormalForm::Nfkd);
  if (type == "Lowercase")
    return makeLowercase();
  if (type == "Nmt")
    return makeNmt();
  if (type == "ByteLevel")
    return makeByteLevelNormalizer();
  if (type == "StripAccents")
    return makeStripAccents();
  if (type == "Strip")
    return makeStrip(json.getBool("strip_left", true), json.getBool("strip_right", true));
  if (type == "Prepend") {
    auto text = readText(json, "normalizer", "prepend");
    return text ? Result<NormalizerPtr>(makePrepend(std::move(*text))) : text.takeError();
  }
  if (type == "Replace") {
    auto pattern = readPattern(json);
    auto content = readText(json, "normalizer", "content");
    if (!pattern)
      return pattern.takeError();
    return content ? Result<NormalizerPtr>(makeReplace(std::move(*pattern), std::move(*content))) : content.takeError();
  }
  if (type == "BertNormalizer") {
    BertOptions options;
    options.cleanText = json.getBool("clean_text", true);
    options.chineseChars = json.getBool("handle_chinese_chars", true);
    options.lowercase = json.getBool("lowercase", true);
    options.stripAccents = json.getBool("strip_accents", options.lowercase);
    return makeBertNormalizer(options);
  }
  if (type == "Precompiled") {
    auto text = readText(json, "normalizer", "precompiled_charsmap");
    if (!text)
      return text.takeError();
    auto table = decodeBase64(*text);
    return table ? makePrecompiled(*table) : table.takeError();
  }
  return unknownType("normalizer", type,
                     "Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Nmt, ByteLevel, Strip, StripAccents, Prepend, Replace, "
                     "BertNormalizer, Precompiled");
}

Result<PreTokenizerPtr> readPreTokenizer(const Json &json) {
  const std::string_view type = json.getString("type", "");
  if (type == "Sequence") {
    auto steps = readSteps<PreTokenizerPtr>(json, "pre-tokenizer", "pretokenizers", readPreTokenizer);
    return steps ? Result<PreTokenizerPtr>(makePreTokenizerSequence(std::move(*steps))) : steps.takeError();
  }
  if (type == "ByteLevel")
    return makeByteLevel(json.getBool("add_prefix_space", true), json.getBool("use_regex", true));
  if (type == "Digits")
    return makeDigits(json.getBool("individual_digits", false));
  if (type == "Whitespace")
    return makeWhitespace();
  if (type == "WhitespaceSplit")
    return makeWhitespaceSplit();
  if (type == "BertPreTokenizer")
    return makeBertPreTokenizer();
  if (type == "Punctuation") {
    auto behavior = readBehavior(json, SplitBehavior::Isolated);
    return behavior ? Result<PreTokenizerPtr>(makePunctuation(*behavior)) : behavior.takeError();
  }
  if (type == "Split") {
    auto pattern = readPattern(json);
    auto behavior = readBehavior(json, SplitBehavior::Isolated);
    if (!pattern)
      return pattern.takeError();
    if (!behavior)
      return behavior.takeError();
    return makeSplit(std::move(*pattern), *behavior, json.getBool("invert", false));
  }
  if (type == "CharDelimiterSplit") {
    auto c = readChar(json, "pre-tokenizer", "delimiter");
    return c ? Result<PreTokenizerPtr>(makeCharDelimiter(*c)) : c.takeError();
  }
  if (type == "FixedLength") {
    const size_t length = readCount(json, "length", 5);
    if (!length)
      return Error{"pre-tokenizer: found the length 0, expected at least 1"};
    return makeFixedLength(length);
  }
  if (type == "Metaspace") {
    auto c = readChar(json, "pre-tokenizer", "replacement");
    auto scheme = readPrependScheme(json);
    if (!c)
      return c.takeError();
    if (!scheme)
      return scheme.takeError();
    std::string replacement;
    appendUtf8(replacement, *c);
    return makeMetaspace(std::move(replacement), *scheme, json.getBool("split", true));
  }
  return unknownType("pre-tokenizer", type,
                     "Sequence, ByteLevel, Split, Digits, Metaspace, Punctuation, Whitespace, WhitespaceSplit, "
                     "BertPreTokenizer, CharDelimiterSplit, FixedLength");
}

Result<DecoderPtr> readDecoder(const Json &json) {
  const std::string_view type = json.getString("type", "");
  if (type == "Sequence") {
    auto steps = readSteps<DecoderPtr>(json, "decoder", "decoders", readDecoder);
    return steps ? Result<DecoderPtr>(makeDecoderSequence(std::move(*steps))) : steps.takeError();
  }
  if (type == "ByteLevel")
    return makeByteLevelDecoder();
  if (type == "ByteFallback")
    return makeByteFallbackDecoder();
  if (type == "Fuse")
    return makeFuseDecoder();
  if (type == "WordPiece")
    return makeWordPieceDecoder(std::string(json.getString("prefix", "##")), json.getBool("cleanup", true));
  if (type == "BPEDecoder")
    return makeBpeDecoder(std::string(json.getString("suffix", "</w>")));
  if (type == "CTC")
    return makeCtcDecoder(std::string(json.getString("pad_token", "<pad>")),
                          std::string(json.getString("word_delimiter_token", "|")), json.getBool("cleanup", true));
  if (type == "Metaspace") {
    auto c = readChar(json, "decoder", "replacement");
    auto scheme = readPrependScheme(json);
    if (!c)
      return c.takeError();
    if (!scheme)
      return scheme.takeError();
    std::string replacement;
    appendUtf8(replacement, *c);
    return makeMetaspaceDecoder(std::move(replacement), *scheme);
  }
  if (type == "Strip") {
    auto c = readChar(json, "decoder", "content");
    return c ? Result<DecoderPtr>(makeStripDecoder(*c, readCount(json, "start", 0), readCount(json, "stop", 0))) : c.takeError();
  }
  if (type == "Replace") {
    auto pattern = readPattern(json);
    auto content = readText(json, "decoder", "content");
    if (!pattern)
      return pattern.takeError();
    return content ? Result<DecoderPtr>(makeReplaceDecoder(std::move(*pattern), std::move(*content))) : content.takeError();
  }
  return unknownType("decoder", type,
                     "Sequence, ByteLevel, ByteFallback, Fuse, WordPiece, BPEDecoder, CTC, Metaspace, Strip, Replace");
}

} // namespace tensel::text
