// The steps of a tokenizer, as tokenizer.json names them: normalizer -> pre-tokenizer -> model, and a decoder for the way
// back. Each step is immutable after it was made and may be used from many threads.
#ifndef TENSEL_RUNTIME_LLM_STEPS_H
#define TENSEL_RUNTIME_LLM_STEPS_H

#include "runtime/llm/Pattern.h"
#include "runtime/llm/Unicode.h"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tensel::text {

using TokenId = uint32_t;

/// A text on its way through the normalizers.
struct NormalizedText {
  std::string text;
  /// Whether its first character still stands for the first character of what the user gave.
  bool atOrigin;
};

class Normalizer {
public:
  virtual ~Normalizer() = default;
  /// False: the work limit of a pattern.
  virtual bool apply(NormalizedText &text) const = 0;
};

/// A text cut into the words that the model looks at one by one.
struct Words {
  struct Span {
    size_t begin, end;
    bool atOrigin;
  };
  std::string text;
  std::vector<Span> spans; ///< in order, none empty

  std::string_view word(const Span &span) const { return std::string_view(text).substr(span.begin, span.end - span.begin); }
};

class PreTokenizer {
public:
  virtual ~PreTokenizer() = default;
  /// False: the work limit of a pattern.
  virtual bool apply(Words &words) const = 0;
};

/// The tokens that a model knows, both ways.
class Vocabulary {
public:
  Vocabulary();
  ~Vocabulary();
  Vocabulary(Vocabulary &&) noexcept;
  Vocabulary &operator=(Vocabulary &&) noexcept;

  void reserve(size_t count);
  /// A text or id that is there already gets the new partner.
  void add(std::string_view text, TokenId id);
  const TokenId *find(std::string_view text) const;
  /// The text of `id`, or null.
  const std::string *text(TokenId id) const;
  size_t size() const; ///< different texts
  size_t longest() const;
  /// Calls `see` for every text with its id, in the order they came.
  void each(const std::function<void(const std::string &, TokenId)> &see) const;

private:
  struct Tables;
  std::unique_ptr<Tables> tables;
};

class Model {
public:
  virtual ~Model() = default;
  /// Appends the ids of a word. False: it needs the unknown token and the vocabulary has none.
  virtual bool encode(std::string_view word, std::vector<TokenId> &out) const = 0;
  virtual const Vocabulary &vocabulary() const = 0;
};

class Decoder {
public:
  virtual ~Decoder() = default;
  virtual void apply(std::vector<std::string> &tokens) const = 0;
};

using NormalizerPtr = std::unique_ptr<Normalizer>;
using PreTokenizerPtr = std::unique_ptr<PreTokenizer>;
using ModelPtr = std::unique_ptr<Model>;
using DecoderPtr = std::unique_ptr<Decoder>;

// Normalizers
NormalizerPtr makeNormalizerSequence(std::vector<NormalizerPtr> steps);
NormalizerPtr makeUnicodeNormalizer(NormalForm form);
NormalizerPtr makeLowercase();
NormalizerPtr makeNmt();
NormalizerPtr makeStrip(bool left, bool right);
NormalizerPtr makeStripAccents();
NormalizerPtr makePrepend(std::string text);
NormalizerPtr makeReplace(Pattern pattern, std::string content);
NormalizerPtr makeByteLevelNormalizer();
struct BertOptions {
  bool cleanText = true, chineseChars = true, stripAccents = true, lowercase = true;
};
NormalizerPtr makeBertNormalizer(BertOptions options);
/// SentencePiece's compiled table (binary, not base64).
Result<NormalizerPtr> makePrecompiled(std::string_view table);

// Pre-tokenizers
enum class SplitBehavior : uint8_t { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };
enum class PrependScheme : uint8_t { First, Never, Always };
PreTokenizerPtr makePreTokenizerSequence(std::vector<PreTokenizerPtr> steps);
PreTokenizerPtr makeByteLevel(bool addPrefixSpace, bool useRegex);
PreTokenizerPtr makeSplit(Pattern pattern, SplitBehavior behavior, bool invert);
PreTokenizerPtr makeDigits(bool individual);
PreTokenizerPtr makePunctuation(SplitBehavior behavior);
PreTokenizerPtr makeWhitespace();
PreTokenizerPtr makeWhitespaceSplit();
PreTokenizerPtr makeBertPreTokenizer();
PreTokenizerPtr makeCharDelimiter(char32_t delimiter);
PreTokenizerPtr makeMetaspace(std::string replacement, PrependScheme scheme, bool split);
PreTokenizerPtr makeFixedLength(size_t length);

// Models
struct BpeOptions {
  std::string unknown, continuingPrefix, endSuffix;
  bool fuseUnknown = false, byteFallback = false, ignoreMerges = false;
};
using MergeTexts = std::deque<std::pair<std::string_view, std::string_view>>;
Result<ModelPtr> makeBpe(Vocabulary vocabulary, const MergeTexts &merges, BpeOptions options);
/// Merges by the score of the resulting token, as SentencePiece's own BPE files have it.
ModelPtr makeScoredBpe(Vocabulary vocabulary, std::vector<float> scores, TokenId unknown);
struct UnigramPiece {
  std::string_view text;
  double score;
};
Result<ModelPtr> makeUnigram(const std::deque<UnigramPiece> &pieces, int64_t unknown, bool byteFallback);
struct WordPieceOptions {
  std::string unknown = "[UNK]", continuingPrefix = "##";
  size_t longestWord = 100;
};
ModelPtr makeWordPiece(Vocabulary vocabulary, WordPieceOptions options);
ModelPtr makeWordLevel(Vocabulary vocabulary, std::string unknown);
/// The longest token at each place, as RWKV's world tokenizer has it.
ModelPtr makeGreedy(Vocabulary vocabulary);

// Decoders
DecoderPtr makeDecoderSequence(std::vector<DecoderPtr> steps);
DecoderPtr makeByteLevelDecoder();
DecoderPtr makeMetaspaceDecoder(std::string replacement, PrependScheme scheme);
DecoderPtr makeWordPieceDecoder(std::string prefix, bool cleanup);
DecoderPtr makeBpeDecoder(std::string suffix);
DecoderPtr makeByteFallbackDecoder();
DecoderPtr makeFuseDecoder();
/// One text of all tokens' bytes, ill-formed parts as U+FFFD.
DecoderPtr makeLossyDecoder();
DecoderPtr makeStripDecoder(char32_t content, size_t start, size_t stop);
DecoderPtr makeReplaceDecoder(Pattern pattern, std::string content);
DecoderPtr makeCtcDecoder(std::string pad, std::string delimiter, bool cleanup);

/// GPT-2's printable stand-ins for bytes: `byte` as text, and back (-1: not one of them).
std::string_view byteStandIn(unsigned char byte);
int byteOfStandIn(char32_t c);
/// "<0x0A>" -> 10, anything else -> -1.
int byteOfFallback(std::string_view token);
/// 10 -> "<0x0A>"
std::string fallbackOfByte(unsigned char byte);
/// `text` with every match of `pattern` replaced. False: the work limit.
bool replaceAll(const Pattern &pattern, std::string_view content, std::string &text);

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_STEPS_H
